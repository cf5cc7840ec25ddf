"""What readers and providers answer: unsubscribing, delivery reports, dead addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.events import emit
from app.kit.jobs import defer
from app.messages.choices import (
    EventKind,
    MessageChannel,
    RecipientState,
    SuppressionReason,
)
from app.messages.engine.outcomes import Effect
from app.messages.engine.references import Reference
from app.messages.engine.twilio_codes import RANKS, effect_of
from app.messages.models import Dispatch, DispatchRecipient, MessageEvent, Suppression, WebhookInbox

_AFTER = {
    "delivered": RecipientState.DELIVERED,
    "read": RecipientState.DELIVERED,
    "undelivered": RecipientState.BOUNCED,
    "failed": RecipientState.FAILED,
    "canceled": RecipientState.FAILED,
}
# A report proves that the message left, whatever we knew until then.
_OPEN = (
    RecipientState.PENDING,
    RecipientState.DEFERRED,
    RecipientState.UNCERTAIN,
    RecipientState.ACCEPTED,
    RecipientState.DELIVERED,
    RecipientState.BOUNCED,
    RecipientState.FAILED,
)


# After so long the provider is asked; a report that comes by itself is faster than the first.
_STEPS = (
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)


def suppress(
    session: Session,
    channel: MessageChannel,
    address_hash: bytes,
    reason: SuppressionReason,
    *,
    source: str = "",
    until: datetime | None = None,
) -> bool:
    """Write nothing more to this address by this channel; return whether that is news."""
    done = session.execute(
        insert(Suppression)
        .values(
            channel=channel,
            address_hash=address_hash,
            reason=reason,
            source=source,
            expires_at=until,
        )
        .on_conflict_do_nothing()
        .returning(Suppression.id)
    )
    return done.first() is not None


def lift(session: Session, suppression: Suppression, *, reason: str) -> None:
    """Let an address be written to again. The event and the audit trail keep who did it and why."""
    emit(
        session,
        "suppression.lifted",
        channel=suppression.channel.value,
        address_hash=suppression.address_hash.hex(),
        was=suppression.reason.value,
        reason=reason,
    )
    session.delete(suppression)
    session.flush()


def unsubscribe(session: Session, reference: Reference, *, source: str) -> bool:
    """Take a reader's word by link: no more by this channel. Return whether that is news.

    Requires a session stamped for the reference's company.
    """
    row = session.execute(
        select(DispatchRecipient, Dispatch.channel, Dispatch.purpose)
        .join(Dispatch, Dispatch.id == DispatchRecipient.dispatch_id)
        .where(
            DispatchRecipient.dispatch_id == reference.dispatch_id,
            DispatchRecipient.ord == reference.ord,
        )
        .with_for_update(of=DispatchRecipient)
    ).first()
    if row is None or row.DispatchRecipient.address_hash is None:
        return False
    recipient: DispatchRecipient = row.DispatchRecipient
    news = suppress(
        session,
        row.channel,
        recipient.address_hash or b"",
        SuppressionReason.UNSUBSCRIBED,
        source=source,
    )
    if recipient.unsubscribed_at is None:
        recipient.unsubscribed_at = func.now()  # type: ignore[assignment]
        _note(session, reference, EventKind.UNSUBSCRIBED, {"source": source})
        emit(
            session,
            "message.unsubscribed",
            client_id=recipient.client_id,
            channel=row.channel.value,
            purpose=row.purpose.value,
            dispatch_id=reference.dispatch_id,
            ord=reference.ord,
        )
    session.flush()
    return news


def hear(session: Session, reference: Reference, form: Mapping[str, str]) -> bool:
    """Keep a status report of Twilio and apply it; a second one alike changes nothing.

    Reports come in any order: one counts only when it ranks above what is known.
    """
    status, sid = form.get("MessageStatus", ""), form.get("MessageSid", "")
    key = f"{sid}:{status}:{form.get('ErrorCode', '')}"
    kept = session.execute(
        insert(WebhookInbox)
        .values(provider="twilio", event_key=key, raw=dict(form), processed_at=func.now())
        .on_conflict_do_nothing()
        .returning(WebhookInbox.id)
    ).first()
    if kept is None or status not in RANKS:
        return False
    code = int(form["ErrorCode"]) if form.get("ErrorCode", "").isdigit() else None
    moved = _apply(session, reference, sid, status, code)
    _note(session, reference, EventKind.STATUS, {"status": status, "code": code, "sid": sid})
    if moved and code is not None:
        _take_effect(session, reference, code)
    return moved


def look_up_later(session: Session, dispatch_id: int, step: int = 0) -> None:
    """Have the provider asked what became of the unknown ones of this sending; 24 h at most."""
    if step < len(_STEPS):
        defer(
            session,
            "app.messages.jobs.settling.look_up",
            dispatch_id,
            step,
            not_before=clock.now() + _STEPS[step],
            key=f"{dispatch_id}:{step}",
        )


def settle(
    session: Session, reference: Reference, sid: str, status: str, code: int | None, segments: int
) -> bool:
    """Take what the provider told when asked; return whether it is news."""
    if status not in RANKS or not _apply(session, reference, sid, status, code):
        return False
    session.execute(
        update(DispatchRecipient)
        .where(
            DispatchRecipient.dispatch_id == reference.dispatch_id,
            DispatchRecipient.ord == reference.ord,
        )
        .values(segments=segments)
        .execution_options(synchronize_session=False)
    )
    told = {"status": status, "code": code, "sid": sid, "asked": True}
    _note(session, reference, EventKind.STATUS, told)
    if code is not None:
        _take_effect(session, reference, code)
    return True


def _apply(session: Session, reference: Reference, sid: str, status: str, code: int | None) -> bool:
    state = _AFTER.get(status, RecipientState.ACCEPTED)
    row = DispatchRecipient
    done = session.execute(
        update(row)
        .where(
            row.dispatch_id == reference.dispatch_id,
            row.ord == reference.ord,
            row.rank < RANKS[status],
            row.state.in_(_OPEN),
            # A retried message has another SID: reports of the first attempt are not its own.
            or_(row.provider_id.is_(None), row.provider_id == sid),
        )
        .values(
            state=state,
            rank=RANKS[status],
            provider_id=sid,
            code=func.coalesce(code, row.code),
            next_at=None,
            delivered_at=func.coalesce(row.delivered_at, func.now())
            if state is RecipientState.DELIVERED
            else row.delivered_at,
            done_at=func.coalesce(row.done_at, func.now()),
        )
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _take_effect(session: Session, reference: Reference, code: int) -> None:
    effect = effect_of(code)
    if effect not in (Effect.SUPPRESS, Effect.MARK_ADDRESS):
        return
    row = session.execute(
        select(DispatchRecipient.address_hash, DispatchRecipient.client_id, Dispatch.channel)
        .join(Dispatch, Dispatch.id == DispatchRecipient.dispatch_id)
        .where(
            and_(
                DispatchRecipient.dispatch_id == reference.dispatch_id,
                DispatchRecipient.ord == reference.ord,
            )
        )
    ).first()
    if row is None or row.address_hash is None:
        return
    stopped = effect is Effect.SUPPRESS
    reason = SuppressionReason.STOP if stopped else SuppressionReason.DEAD_NUMBER
    suppress(session, row.channel, row.address_hash, reason, source=f"twilio {code}")
    emit(
        session,
        "message.stopped" if stopped else "message.address_dead",
        client_id=row.client_id,
        channel=row.channel.value,
        dispatch_id=reference.dispatch_id,
        ord=reference.ord,
    )


def _note(
    session: Session, reference: Reference, kind: EventKind, data: Mapping[str, object]
) -> None:
    session.add(
        MessageEvent(
            dispatch_id=reference.dispatch_id, ord=reference.ord, kind=kind, data=dict(data)
        )
    )
    session.flush()
