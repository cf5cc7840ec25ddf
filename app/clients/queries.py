"""What pages ask about clients."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.clients.models import ContactPoint, TimelineEntry


def main_contacts(session: Session, ids: Sequence[int]) -> dict[int, object]:
    """The main contact points of these clients, one text for each client, in one statement."""
    rows = session.execute(
        select(ContactPoint.client_id, ContactPoint.value)
        .where(
            ContactPoint.client_id.in_(ids),
            ContactPoint.primary,
            ContactPoint.archived_at.is_(None),
        )
        .order_by(ContactPoint.client_id, ContactPoint.channel.desc())
    )
    found: dict[int, object] = {}
    for client_id, value in rows:
        found[client_id] = f"{found[client_id]}, {value}" if client_id in found else value
    return found


def timeline(client_id: int, *, limit: int = 100) -> Select[tuple[TimelineEntry]]:
    """What happened with a client, newest first, as far as the reader may see it."""
    return (
        select(TimelineEntry)
        .where(TimelineEntry.client_id == client_id)
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(limit)
    )
