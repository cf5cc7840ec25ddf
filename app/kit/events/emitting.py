"""`emit`: the event and what is owed to each subscriber, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.events.subscribing import subscribers_of
from app.kit.jobs.deferring import plain_json
from app.kit.jobs.queues import wake_after_commit

EVENTS_QUEUE = "events"

_EMIT = text("""
with made as (
  insert into event (name, data)
  select :name, item from jsonb_array_elements(cast(:data as jsonb)) item
  returning id)
insert into event_delivery (event_id, subscriber)
select made.id, subscriber from made, unnest(cast(:subscribers as text[])) subscriber""")


def emit(session: Session, name: str, /, **data: Any) -> None:
    """Tell whoever subscribed to `name`, if this transaction commits. `data` is plain."""
    emit_many(session, name, [data])


def emit_many(session: Session, name: str, /, items: Iterable[Mapping[str, Any]]) -> None:
    """Emit one event for each item, in one statement."""
    events = list(items)
    if not events:
        return
    subscribers = subscribers_of(name)
    session.execute(_EMIT, {"name": name, "data": plain_json(events), "subscribers": subscribers})
    if subscribers:
        wake_after_commit(session, EVENTS_QUEUE)
