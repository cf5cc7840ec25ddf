"""Text messages of which nobody knows whether they left: the provider is asked.

Only what is proved is settled. That a message is not in the provider's list proves nothing: the
list may be late. Such a one stays unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.kit.jobs import job
from app.messages.choices import MessageChannel, RecipientState
from app.messages.engine.references import Reference
from app.messages.engine.text_message import TextMessage, TwilioAccount
from app.messages.jobs.composing import Drafter, Plan, Recipient
from app.messages.jobs.loading import plan_of, rows_of
from app.messages.models import Dispatch, DispatchRecipient
from app.messages.operations.feedback import look_up_later, settle

# So many are asked for at once, within this many seconds.
_MOST = 100
_PATIENCE = 40.0
# The clocks of two houses differ.
_SKEW = timedelta(minutes=1)
_LONGEST = timedelta(days=1)


@job()
def look_up(session: Session, dispatch_id: int, step: int) -> dict[str, int]:
    """Settle the unknown ones of a sending by text message, as far as the provider knows them."""
    dispatch = session.get(Dispatch, dispatch_id)
    if dispatch is None or dispatch.channel is MessageChannel.EMAIL:
        return {}
    plan = plan_of(session, dispatch, dispatch.company_id, current_app.config["CRM"])
    unknown = _unknown(session, plan)
    settled = 0
    if unknown and plan.route.account is not None:
        settled = _settle(session, plan, dispatch, unknown, plan.route.account)
    if len(unknown) > settled:
        look_up_later(session, dispatch_id, step + 1)
    return {"asked": len(unknown), "settled": settled}


def _unknown(session: Session, plan: Plan) -> list[tuple[Recipient, datetime]]:
    found = (
        rows_of(plan)
        .add_columns(DispatchRecipient.done_at)
        .where(DispatchRecipient.state == RecipientState.UNCERTAIN)
        .limit(_MOST)
    )
    return [(Recipient(*one[:-1]), one[-1]) for one in session.execute(found)]


def _settle(
    session: Session,
    plan: Plan,
    dispatch: Dispatch,
    unknown: Sequence[tuple[Recipient, datetime]],
    account: TwilioAccount,
) -> int:
    began = dispatch.started_at or dispatch.created_at
    drafter = Drafter(plan)
    messages = {row.ord: _as_sent(drafter, row) for row, _ in unknown}
    listed = _ask(account, {message.to for message in messages.values() if message})
    taken: set[str] = set()
    settled = 0
    for row, until in unknown:
        message = messages[row.ord]
        if message is None:
            continue
        since = max(began, until - _LONGEST)
        fits = [
            one
            for one in listed.get(message.to, ())
            if _is_it(one, message, since - _SKEW, until + _SKEW) and one.sid not in taken
        ]
        known = _known(session, plan, row, [one.sid for one in fits])
        fits = [one for one in fits if one.sid not in known]
        # Of two that look alike one may be another message's.
        if len(fits) != 1:
            continue
        (one,) = fits
        taken.add(one.sid)
        reference = Reference(plan.company_id, plan.dispatch_id, row.ord)
        settled += settle(session, reference, one.sid, one.status, one.code or None, one.segments)
    return settled


def _as_sent(drafter: Drafter, row: Recipient) -> TextMessage | None:
    """Return the message as it would be made now; who may no longer be written to had theirs."""
    made = drafter.draft(row._replace(allowed=True, suppressed=False), 0)
    return made if isinstance(made, TextMessage) else None


def _ask(account: TwilioAccount, numbers: Iterable[str]) -> dict[str, Any]:
    from app.messages.engine.twilio_sender import look_up as ask  # noqa: PLC0415 -- slow to load

    async def patiently() -> dict[str, Any]:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await ask(account, numbers)
        except TimeoutError:
            return {}

    return asyncio.run(patiently())


def _is_it(one: Any, message: TextMessage, since: datetime, until: datetime) -> bool:
    # What the provider's own template said to the reader is not known here.
    same_words = bool(message.content_sid) or one.body.strip() == message.body.strip()
    return same_words and one.sender == message.sender and since <= one.created <= until


def _known(session: Session, plan: Plan, row: Recipient, sids: Sequence[str]) -> set[str | None]:
    """Return which of these are the messages of other rows."""
    if not sids:
        return set()
    recipient = DispatchRecipient
    whose = [recipient.dispatch_id == plan.dispatch_id]
    if row.client_id is not None:
        whose.append(recipient.client_id == row.client_id)
    found = select(recipient.provider_id).where(recipient.provider_id.in_(sids), or_(*whose))
    return set(session.scalars(found))
