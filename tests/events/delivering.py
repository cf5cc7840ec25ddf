"""Delivering what was emitted, in the test's own transaction. Every domain listens."""

from __future__ import annotations

import random

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import parts
from app.kit.events import Happened
from app.kit.events.subscribing import SUBSCRIBERS

parts.load_background()

_WAITING = text("""
select d.id, d.subscriber, e.id event_id, e.name, e.data, e.at, e.company_id
from event_delivery d join event e on e.id = d.event_id where d.state = 'waiting' order by d.id""")


def deliver(session: Session, *, shuffle: random.Random | None = None, twice: bool = False) -> None:
    """Hand every waiting event to its subscriber, in any order, perhaps twice."""
    session.flush()
    rows = list(session.execute(_WAITING))
    if shuffle:
        shuffle.shuffle(rows)
    for row in [*rows, *rows] if twice else rows:
        happened = Happened(row.event_id, row.name, row.data, row.at, row.company_id, None)
        subscriber = SUBSCRIBERS[row.name, row.subscriber]
        subscriber.call(session, [happened] if subscriber.batch else happened)
    session.execute(text("update event_delivery set state = 'done', done_at = now()"))
