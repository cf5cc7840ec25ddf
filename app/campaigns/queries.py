"""What campaigns ask: who would be written to, what they would read, what became of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, literal, select
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign
from app.clients.choices import REACHED_BY, Channel
from app.clients.models import Client, ContactPoint
from app.clients.segments import segment_clients
from app.messages import queries as messages
from app.messages.choices import MessageChannel, MessagePurpose, RecipientState, SkipReason
from app.messages.engine.render import longest
from app.messages.models import Dispatch, DispatchRecipient, SendAttempt

# From so many clients the longest values are taken; a preview goes through as many.
SAMPLE = 500
PREVIEWS = 50


@dataclass(frozen=True)
class AudienceCounts:
    """How many are in the segment, and how many of them are left out for which reason."""

    segment: int
    left_out: dict[SkipReason, int]

    @property
    def recipients(self) -> int:
        return self.segment - sum(self.left_out.values())


@dataclass(frozen=True)
class Example:
    """A client as the message sees them."""

    client_id: int
    name: str
    values: dict[str, Any]


def with_addresses(ids: Select[Any], channel: MessageChannel) -> Select[Any]:
    """Return the audience of these clients: each with the main address of the channel, if any."""
    who = ids.subquery("segment")
    client_id = next(iter(who.c))
    point = ContactPoint
    return select(
        client_id.label("client_id"),
        point.normalised.label("address"),
        case((point.valid.is_(False), literal(SkipReason.BAD_ADDRESS.value))).label("skip_reason"),
    ).select_from(who.outerjoin(ContactPoint.__table__, _is_main(client_id, channel)))


def _is_main(client_id: ColumnElement[Any], channel: MessageChannel) -> ColumnElement[bool]:
    return and_(
        ContactPoint.client_id == client_id,
        ContactPoint.channel == REACHED_BY[Channel(channel.value)],
        ContactPoint.primary,
        ContactPoint.archived_at.is_(None),
    )


def audience(session: Session, campaign: Campaign) -> Select[Any]:
    """Return client_id and address of everybody in the campaign's segment. Requires a segment."""
    if campaign.segment is None:
        raise ValueError("A campaign without a segment has no audience.")
    return with_addresses(segment_clients(session, campaign.segment), campaign.channel)


def count(session: Session, campaign: Campaign) -> AudienceCounts:
    """Count the audience as launching now would fix it, in one statement."""
    purpose = MessagePurpose(campaign.purpose.value)
    statement = messages.count_audience(audience(session, campaign), campaign.channel, purpose)
    found: dict[str | None, int] = dict(session.execute(statement).all())  # type: ignore[arg-type]
    left_out = {reason: found[reason.value] for reason in SkipReason if reason.value in found}
    return AudienceCounts(sum(found.values()), left_out)


def _reachable(session: Session, campaign: Campaign) -> Select[Any]:
    """Clients of the segment who have an address and agreed, without counting anybody."""
    found = audience(session, campaign).subquery("audience")
    purpose = MessagePurpose(campaign.purpose.value)
    return select(found.c.client_id).where(
        found.c.address.is_not(None),
        found.c.skip_reason.is_(None),
        messages.allowed(found.c.client_id, campaign.channel, purpose),
    )


def examples(session: Session, campaign: Campaign, limit: int) -> list[Example]:
    """Return some of those who would be written to; when there is nobody, some of the segment."""
    if campaign.segment is None:
        return []
    found = _examples(session, _reachable(session, campaign), limit)
    return found or _examples(session, segment_clients(session, campaign.segment), limit)


def _examples(session: Session, ids: Select[Any], limit: int) -> list[Example]:
    picked = ids.subquery("picked")
    some = select(next(iter(picked.c)).label("id")).limit(limit).subquery("some")
    rows = session.execute(
        select(Client.id, Client.name, messages.client_values(Client.__table__.c.id))
        .join(some, some.c.id == Client.id)
        .order_by(Client.id)
    )
    return [Example(*row) for row in rows]


def example(session: Session, campaign: Campaign, number: int) -> Example | None:
    """Return the client that is shown after `number` clicks on “Another client”."""
    found = examples(session, campaign, PREVIEWS)
    return found[number % len(found)] if found else None


def longest_values(found: Sequence[Example]) -> dict[str, Any]:
    """Return the longest value of each variable: what a length must expect."""
    return longest([one.values for one in found])


def address_of(session: Session, client_id: int, channel: MessageChannel) -> str | None:
    """Return the main valid address of a client for this channel."""
    return session.scalar(
        select(ContactPoint.normalised).where(
            _is_main(literal(client_id), channel), ContactPoint.valid
        )
    )


def may_write(
    session: Session, client_id: int, channel: MessageChannel, purpose: MessagePurpose
) -> bool:
    """Say whether the client agreed to be written to by this channel for this purpose."""
    return bool(session.scalar(select(messages.allowed(literal(client_id), channel, purpose))))


def is_suppressed(
    session: Session, channel: MessageChannel, address: str, purpose: MessagePurpose
) -> bool:
    """Say whether nothing for this purpose may go to this address."""
    hashed = messages.hash_of(channel, literal(address))
    return bool(session.scalar(select(messages.suppressed(channel, hashed, purpose))))


# --- what became of it ------------------------------------------------------------------------


def outcomes(session: Session, dispatch_id: int) -> dict[RecipientState, int]:
    """Count the recipients by state, from their rows."""
    return dict(session.execute(messages.by_state(dispatch_id)).all())


def left_out(session: Session, dispatch_id: int) -> dict[SkipReason, int]:
    """Count those who were left out by reason."""
    found = dict(session.execute(messages.by_skip_reason(dispatch_id)).all())
    return {reason: found[reason] for reason in SkipReason if reason in found}


def marks(session: Session, dispatch_id: int) -> Any:
    """Return how many opened, clicked and unsubscribed, and how many SMS parts went out."""
    row = DispatchRecipient
    return session.execute(
        select(
            func.count(row.opened_at).label("opened"),
            func.count(row.clicked_at).label("clicked"),
            func.count(row.unsubscribed_at).label("unsubscribed"),
            func.coalesce(func.sum(row.segments), 0).label("segments"),
        ).where(row.dispatch_id == dispatch_id)
    ).one()


def refusals(session: Session, dispatch_id: int, limit: int = 10) -> Sequence[Any]:
    """Return the providers' most frequent codes of those that were not taken."""
    row = DispatchRecipient
    return session.execute(
        select(row.state, row.code, func.count().label("n"))
        .where(
            row.dispatch_id == dispatch_id,
            row.state.in_([RecipientState.FAILED, RecipientState.BOUNCED]),
        )
        .group_by(row.state, row.code)
        .order_by(func.count().desc())
        .limit(limit)
    ).all()


def recipients(
    dispatch_id: int,
    *,
    states: Sequence[RecipientState] = (),
    reason: SkipReason | None = None,
    after: int = 0,
) -> Any:
    """Return the recipients after a place, in their order, with the client's name."""
    row = DispatchRecipient
    last = (
        select(SendAttempt.text_)
        .where(SendAttempt.dispatch_id == row.dispatch_id, SendAttempt.ord == row.ord)
        .order_by(SendAttempt.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = (
        select(
            row.ord, row.client_id, Client.name, row.address, row.state, row.skip_reason,
            row.code, row.done_at, row.segments, row.unsubscribed_at, last.label("words"),
        )
        .outerjoin(Client, Client.id == row.client_id)
        .where(row.dispatch_id == dispatch_id, row.ord > after)
        .order_by(row.ord)
    )  # fmt: skip
    if states:
        found = found.where(row.state.in_(states))
    if reason is not None:
        found = found.where(row.skip_reason == reason)
    return found


def statuses_that_disagree() -> Any:
    """Campaigns whose status is not that of their sending."""
    status, sending = cast(Campaign.status, Text), cast(Dispatch.status, Text)
    return (
        select(Campaign.id, status.label("campaign"), sending.label("sending"))
        .join(Dispatch, Dispatch.id == Campaign.dispatch_id)
        .where(status != sending)
    )
