"""Ordering, pausing, resuming and cancelling a sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.choices import move
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.jobs.queues import wake_after_commit
from app.messages.choices import (
    MOVES,
    BatchState,
    DispatchKind,
    DispatchStatus,
    MessageChannel,
    MessagePurpose,
    PauseReason,
    RecipientState,
    UncertainPolicy,
)
from app.messages.engine.addresses import Kind, address_hash, normalise
from app.messages.engine.render import plain
from app.messages.models import Dispatch, DispatchBatch, DispatchRecipient, MessageTemplateVersion
from app.messages.queries.audience import fix_audience

QUEUE_OF = {
    MessageChannel.EMAIL: "mail",
    MessageChannel.SMS: "sms",
    MessageChannel.WHATSAPP: "sms",
}


@dataclass(frozen=True)
class Owner:
    """Who ordered a sending and is told what becomes of it: a kind and an id, no key."""

    kind: str
    id: int


@dataclass(frozen=True)
class SendingTerms:
    """How a sending goes. `values` are the same for all; `dedupe`: one message an address."""

    send_at: datetime | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    uncertain_policy: UncertainPolicy = UncertainPolicy.HOLD
    rate_cap: int | None = None
    dedupe: bool = True


def start(
    session: Session,
    version: MessageTemplateVersion,
    audience: Select[Any],
    *,
    kind: DispatchKind = DispatchKind.CAMPAIGN,
    owner: Owner | None = None,
    terms: SendingTerms | None = None,
) -> Dispatch:
    """Fix the audience and have it written to, now unless the terms say otherwise.

    `audience` is a SELECT of client_id and address, and may give values, variant, skip_reason and
    not_before. Everybody in it becomes a row, also who is left out, with the reason. Raises
    Conflict when it is empty.
    """
    template, terms = version.message_template, terms or SendingTerms()
    dispatch = Dispatch(
        kind=kind,
        channel=template.channel,
        purpose=template.purpose,
        message_template_version=version,
        send_at=terms.send_at or clock.now(),
        values=plain(terms.values),
        uncertain_policy=terms.uncertain_policy,
        rate_cap=terms.rate_cap,
        owner_kind=owner.kind if owner else None,
        owner_id=owner.id if owner else None,
    )
    session.add(dispatch)
    session.flush()
    statement = fix_audience(audience, template.channel, template.purpose, dedupe=terms.dedupe)
    dispatch.audience = session.execute(statement, {"dispatch_id": dispatch.id}).scalar_one()
    if not dispatch.audience:
        raise Conflict(_l("There is nobody in this audience."))
    dispatch.last_ord = dispatch.audience
    session.flush()
    wake_after_commit(session, QUEUE_OF[template.channel])
    return dispatch


def send_one(
    session: Session,
    version: MessageTemplateVersion,
    address: str,
    *,
    client_id: int | None = None,
    values: Mapping[str, Any] | None = None,
    occurrence: str = "",
) -> tuple[int, int]:
    """Write to one address through the standing sending of this wording.

    `occurrence` makes it happen once: the same client and occurrence again changes nothing. Returns
    the sending's id and the recipient's place in it. Consent is asked when the message leaves.
    """
    kind: Kind = "email" if version.message_template.channel is MessageChannel.EMAIL else "phone"
    if normalise(kind, address) != address:
        raise Invalid(_l("“%(address)s” is not an address.", address=address), field="address")
    dispatch = _standing(session, version)
    if client_id is not None:
        known = session.scalar(
            select(DispatchRecipient.ord).where(
                DispatchRecipient.dispatch_id == dispatch.id,
                DispatchRecipient.client_id == client_id,
                DispatchRecipient.occurrence == occurrence,
            )
        )
        if known is not None:
            return dispatch.id, known
    ord_ = _append(session, dispatch)
    channel = version.message_template.channel
    session.add(
        DispatchRecipient(
            dispatch_id=dispatch.id,
            ord=ord_,
            client_id=client_id,
            occurrence=occurrence,
            address=address,
            address_hash=address_hash(kind, address),
            values=plain(values or {}),
            state=RecipientState.PENDING,
        )
    )
    session.add(DispatchBatch(dispatch_id=dispatch.id, no=ord_, lo=ord_, hi=ord_, cursor=ord_ - 1))
    session.flush()
    wake_after_commit(session, QUEUE_OF[channel])
    return dispatch.id, ord_


def _standing(session: Session, version: MessageTemplateVersion) -> Dispatch:
    """Return the sending that takes this wording's single messages; its row is locked."""
    template = version.message_template
    session.execute(
        insert(Dispatch)
        .values(
            kind=DispatchKind.TRANSACTIONAL,
            channel=template.channel,
            purpose=template.purpose,
            message_template_version_id=version.id,
            status=DispatchStatus.RUNNING,
            priority=1,
            started_at=clock.now(),
            # At-least-once: a confirmation twice is better than none. Advertising is never doubled.
            uncertain_policy=UncertainPolicy.RESEND
            if template.purpose is MessagePurpose.TRANSACTIONAL
            else UncertainPolicy.HOLD,
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Dispatch)
        .where(
            Dispatch.message_template_version_id == version.id,
            Dispatch.kind == DispatchKind.TRANSACTIONAL,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _append(session: Session, dispatch: Dispatch) -> int:
    # Not by the mapper: a message more is no change that a person made to the sending.
    return session.execute(
        update(Dispatch)
        .where(Dispatch.id == dispatch.id)
        .values(last_ord=Dispatch.last_ord + 1, audience=Dispatch.audience + 1)
        .returning(Dispatch.last_ord)
        .execution_options(synchronize_session=False)
    ).scalar_one()


def pause(session: Session, dispatch: Dispatch, reason: PauseReason = PauseReason.USER) -> None:
    """Stop within moments; what is on its way arrives. Raises Conflict when it is over."""
    _lock(session, dispatch)
    move(dispatch, MOVES, DispatchStatus.PAUSED)
    dispatch.status_reason = reason
    session.flush()
    emit(session, "dispatch.paused", **_told(dispatch), reason=reason.value)


def resume(session: Session, dispatch: Dispatch) -> None:
    """Go on where it stopped, or begin now when its time had passed."""
    _lock(session, dispatch)
    if dispatch.status is not DispatchStatus.PAUSED:
        raise Conflict(_l("This is not paused."))
    move(dispatch, MOVES, DispatchStatus.RUNNING)
    dispatch.status_reason, dispatch.status_text = None, ""
    dispatch.started_at = dispatch.started_at or clock.now()
    session.flush()
    wake_after_commit(session, QUEUE_OF[dispatch.channel])
    emit(session, "dispatch.resumed", **_told(dispatch))


def cancel(session: Session, dispatch: Dispatch) -> int:
    """End it for good; return how many will not be written to.

    What a worker has on its way is still told by its outcome.
    """
    if dispatch.kind is DispatchKind.TRANSACTIONAL:
        raise Invalid(_l("Single messages cannot be cancelled together."))
    _lock(session, dispatch)
    move(dispatch, MOVES, DispatchStatus.CANCELLED)
    dispatch.status_reason, dispatch.finished_at = None, clock.now()
    session.flush()
    # A batch in a worker's hands ends by itself: the worker sees the status at its next flush.
    session.execute(
        update(DispatchBatch)
        .where(DispatchBatch.dispatch_id == dispatch.id, DispatchBatch.state == BatchState.READY)
        .values(state=BatchState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    count = cancel_rest(session, dispatch.id)
    emit(session, "dispatch.cancelled", **_told(dispatch))
    return count


def cancel_rest(session: Session, dispatch_id: int) -> int:
    """Mark what no worker holds any more as cancelled."""
    held = select(DispatchBatch.no).where(
        DispatchBatch.dispatch_id == dispatch_id,
        DispatchBatch.state == BatchState.LEASED,
        DispatchRecipient.ord.between(DispatchBatch.lo, DispatchBatch.hi),
    )
    done = session.execute(
        update(DispatchRecipient)
        .where(
            and_(
                DispatchRecipient.dispatch_id == dispatch_id,
                DispatchRecipient.state.in_([RecipientState.PENDING, RecipientState.DEFERRED]),
                ~held.exists(),
            )
        )
        .values(state=RecipientState.CANCELLED, next_at=None, done_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _lock(session: Session, dispatch: Dispatch) -> None:
    session.refresh(dispatch, with_for_update={"of": Dispatch})


def _told(dispatch: Dispatch) -> dict[str, Any]:
    return {
        "dispatch_id": dispatch.id,
        "owner_kind": dispatch.owner_kind,
        "owner_id": dispatch.owner_id,
    }
