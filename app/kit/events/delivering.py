"""Delivering events: claimed in batches, each applied in a transaction of its own.

The claim only moves `not_before` into the future: if we die, the rest is taken again then. What
counts is the delivery's end, which commits together with the subscriber's effect; the second to
come waits for that row and then finds it done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp
from app.kit.errors import CrmError
from app.kit.events.emitting import EVENTS_QUEUE
from app.kit.events.subscribing import SUBSCRIBERS, Happened, Subscriber
from app.kit.jobs import faults
from app.kit.jobs.lease import SYSTEM, statement_limit, time_limit
from app.kit.jobs.runner import DIED, SOURCES, Runner, WorkSource
from app.kit.rights import words_of

log = logging.getLogger(__name__)

BATCH = 200
# How long a claim keeps others off, and when we give back what we did not get to.
_HOLD = timedelta(seconds=60)
_TURN = 40.0
# So that a few of the doubtful are due at a time, and not all are claimed to take one.
_APART = timedelta(milliseconds=50)
# A subscriber that hangs must not hold up all others.
_LONGEST = 50.0

_CLAIM = text("""
with next as materialized (
  select company_id, id, attempts > 0 and error is null doubtful
    from event_delivery where state = 'waiting' and not_before <= now()
   order by not_before, id limit :batch for update skip locked)
update event_delivery d
   set attempts = d.attempts + 1, error = null, not_before = clock_timestamp() + :hold
  from next, event e
 where d.company_id = next.company_id and d.id = next.id
   and e.company_id = d.company_id and e.id = d.event_id
returning d.id delivery_id, d.subscriber, d.attempts, next.doubtful, e.id, e.name, e.data, e.at,
  e.company_id, e.created_by""")
_DONE = text("""
update event_delivery set state = 'done', done_at = clock_timestamp(), error = null
 where id = any (:ids) and state = 'waiting' returning id""")
_FAILED = text("""
update event_delivery set error = :error, not_before = clock_timestamp() + :wait,
  state = case when attempts < :most then 'waiting' else 'dead' end
 where company_id = :company and id = any (:ids) and state = 'waiting'""")
_GIVE_BACK = text("""
update event_delivery d set attempts = d.attempts - 1,
  not_before = clock_timestamp() + cast(:apart as interval) * n.number
  from unnest(cast(:companies as bigint[]), cast(:ids as bigint[]))
    with ordinality n(company_id, id, number)
 where d.company_id = n.company_id and d.id = n.id and d.state = 'waiting'""")
_WAITING = text("""
select 1 from event_delivery where state = 'waiting' and not_before <= now() limit 1""")

_UNKNOWN_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed delivery with its event; `doubtful` if it was claimed before and has no end."""

    id: int
    subscriber: str
    attempts: int
    doubtful: bool
    happened: Happened


def deliver(runner: Runner) -> bool:
    """Deliver one batch; return whether there was any."""
    with work(SYSTEM) as session:
        rows = session.execute(_CLAIM, {"batch": BATCH, "hold": _HOLD}).all()
    if not rows:
        return False
    deliveries = [_delivery_of(row) for row in rows]
    doubtful = [one for one in deliveries if one.doubtful]
    # One of these may be what killed its worker: they are taken singly, or it would for ever keep
    # those from being tried that were claimed along with it.
    _give_back(doubtful[1:], apart=_APART)
    faults.reach("deliveries claimed")
    parts = [*_parts(one for one in deliveries if not one.doubtful), *([d] for d in doubtful[:1])]
    until = time.monotonic() + _TURN
    while parts and not runner.stopping() and time.monotonic() < until:
        _apply(runner, parts.pop(0))
    _give_back([delivery for part in parts for delivery in part])
    return True


def _delivery_of(row: Any) -> Delivery:
    happened = Happened(row.id, row.name, row.data, row.at, row.company_id, row.created_by)
    return Delivery(row.delivery_id, row.subscriber, row.attempts, row.doubtful, happened)


def _parts(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Split into what one call gets: everything alike for a batch subscriber, else one each."""

    def alike(one: Delivery) -> tuple[int, str, str]:
        return one.happened.company_id, one.happened.name, one.subscriber

    ordered = sorted(deliveries, key=lambda one: (*alike(one), one.id))
    for _, group in groupby(ordered, key=alike):
        members = list(group)
        subscriber = _subscriber(members[0])
        # After a failure each goes alone, so that only the one at fault waits.
        together = [m for m in members if subscriber and subscriber.batch and m.attempts == 1]
        if together:
            yield together
        yield from ([m] for m in members if m not in together)


def _subscriber(delivery: Delivery) -> Subscriber | None:
    return SUBSCRIBERS.get((delivery.happened.name, delivery.subscriber))


def _apply(runner: Runner, part: list[Delivery]) -> None:
    subscriber = _subscriber(part[0])
    if subscriber is None:
        # Perhaps a process of an older release; a newer one will know.
        _fail(runner, part, str(_l("Nobody here knows this subscriber.")), _UNKNOWN_ATTEMPTS)
        return
    if part[0].attempts > subscriber.attempts:
        # Begun as often as it may be, and never was an end noted: it ended its workers.
        _fail(runner, part, str(DIED), subscriber.attempts)
        return
    try:
        with (
            runner.context(),
            work(_stamp(part)) as session,
            time_limit(_LONGEST),
            statement_limit(session, _LONGEST),
        ):
            _call(session, subscriber, part)
            faults.reach("before delivery commit")
        faults.reach("delivered")
    except CrmError as error:
        _fail(runner, part, str(words_of(error)), subscriber.attempts)
    except Exception as error:
        ids = [delivery.id for delivery in part]
        log.exception("Deliveries %s to %s failed.", ids, subscriber.name)
        words = _l(
            "A fault in the program (%(kind)s); the log has the details.", kind=type(error).__name__
        )
        _fail(runner, part, str(words), subscriber.attempts)


def _call(session: Session, subscriber: Subscriber, part: list[Delivery]) -> None:
    ids = [delivery.id for delivery in part]
    ours = set(session.scalars(_DONE, {"ids": ids}))
    happened = [delivery.happened for delivery in part if delivery.id in ours]
    if not happened:
        return
    if subscriber.batch:
        subscriber.call(session, happened)
    else:
        subscriber.call(session, happened[0])
    session.flush()


def _stamp(part: list[Delivery]) -> Stamp:
    first = part[0].happened
    user = first.user_id if len(part) == 1 else None
    return Stamp(Role.APP, first.company_id, (), user, f"event {first.id}")


def _fail(runner: Runner, part: list[Delivery], error: str, most: int) -> None:
    # A batch that failed together is taken apart at once; a single one waits longer each time.
    wait = 0.0 if len(part) > 1 else runner.backoff(part[0].attempts)
    values = {
        "company": part[0].happened.company_id,
        "ids": [delivery.id for delivery in part],
        "error": error,
        "wait": timedelta(seconds=wait),
        "most": most,
    }
    with work(SYSTEM) as session:
        session.execute(_FAILED, values)


def _give_back(rest: list[Delivery], *, apart: timedelta = timedelta(0)) -> None:
    if rest:
        with work(SYSTEM) as session:
            companies = [delivery.happened.company_id for delivery in rest]
            ids = [delivery.id for delivery in rest]
            session.execute(_GIVE_BACK, {"companies": companies, "ids": ids, "apart": apart})


def _due(session: Session) -> list[str]:
    return [EVENTS_QUEUE] if session.execute(_WAITING).first() else []


SOURCES.register(WorkSource("deliveries", deliver, _due, queue=EVENTS_QUEUE))
