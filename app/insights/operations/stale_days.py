"""Which days an event is about, and the days that are owed but not yet computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.insights.operations.facts import Cell, refresh
from app.kit.events import emit

SUBSCRIBER = "insights.facts"

_OWED = text("""
select e.data from event_delivery d join event e on e.id = d.event_id
where d.subscriber = :subscriber and d.state in ('waiting', 'dead')""")


def cells_of(data: Mapping[str, Any]) -> Iterable[Cell]:
    """Return the days of a store that an event touched: `business_date`, or `days` of an import."""
    store = data.get("store_id")
    days = [data.get("business_date"), *data.get("days", ())]
    return [(int(store), date.fromisoformat(day)) for day in days if store and day]


def catch_up(session: Session) -> int:
    """Compute what events have told and no worker has done yet; return how many days.

    Their deliveries stay owed and do no harm later.
    """
    owed = session.scalars(_OWED, {"subscriber": SUBSCRIBER})
    return refresh(session, [cell for data in owed for cell in cells_of(data)])


def tell_of_merge(session: Session, from_id: int, into_id: int) -> None:
    """Have the days of two clients that became one computed anew, with the company's rights."""
    emit(session, "insights.clients_merged", client_ids=[from_id, into_id])
