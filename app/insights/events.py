"""What happened above changes the facts of its days. Computed anew: twice or late is no matter."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.insights.operations import (
    SUBSCRIBER,
    cells_of,
    follow_variants,
    refresh,
    refresh_clients,
)
from app.kit.events import Happened, on

# Each says the store and the business day (an import its days) of what was written.
EVENTS = (
    "order.placed",
    "order.completed",
    "order.cancelled",
    "return.received",
    "adjustment.added",
    "sales.imported",
)


@on(*EVENTS, name=SUBSCRIBER, batch=True)
def count_days(session: Session, happened: list[Happened]) -> None:
    """Compute the days of these events anew, each once."""
    refresh(session, [cell for one in happened for cell in cells_of(one.data)])


@on("insights.clients_merged", name=SUBSCRIBER, batch=True)
def count_clients(session: Session, happened: list[Happened]) -> None:
    """Compute the days of clients that became one anew."""
    refresh_clients(session, [pk for one in happened for pk in one.data["client_ids"]])


@on("variant.moved", name=SUBSCRIBER, batch=True)
def count_variants(session: Session, happened: list[Happened]) -> None:
    """Count variants that went to another product there."""
    follow_variants(session, [one.data["variant_id"] for one in happened])
