"""The runner: claims a job, runs it, and ends it in the job's own transaction.

So a job is done exactly when its row says so. Whoever lost the lease finds another epoch and rolls
back. Besides jobs a queue's worker serves event deliveries, message batches and inboxes: each is a
source, a table whose rows a worker claims by SKIP LOCKED; the tick finds what was left.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp
from app.kit.errors import CrmError
from app.kit.jobs import faults
from app.kit.jobs.declared import TryLater, declared
from app.kit.jobs.deferring import plain_json
from app.kit.jobs.lease import SYSTEM, Claim, Fenced, Stopped, holding, statement_limit, time_limit
from app.kit.jobs.queues import wake as wake_queue
from app.kit.jobs.queues import wake_taken
from app.kit.registry import Registry
from app.kit.rights import words_of

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
# After this long a wake-up ends and leaves the rest to the next: the process can be told things.
_TURN = 50.0
# Deadlock, serialization failure, lock timeout: nothing is wrong with the job.
_COLLISIONS = {"40001", "40P01", "55P03"}

_CLAIM = text("""
with next as materialized (
  select id from job where queue = :queue and state = 'queued' and not_before <= now()
   order by not_before, id limit 1 for update skip locked)
update job set state = 'running', attempts = attempts + 1, epoch = epoch + 1, again = false,
  worker = :worker, lease_until = clock_timestamp() + :lease, error = null, finished_at = null,
  started_at = clock_timestamp()
  from next where job.id = next.id
returning job.id, name, args, attempts, max_attempts, epoch, point, role, company_id, store_ids,
  created_by, request_id""")

_DONE = text("""
update job set state = case when again then 'queued' else 'done' end,
  attempts = case when again then 0 else attempts end,
  not_before = case when again then clock_timestamp() else not_before end,
  finished_at = case when again then null else clock_timestamp() end,
  again = false, stop_asked = false, lease_until = null, point = null,
  result = cast(:result as jsonb)
 where id = :id and epoch = :epoch and state = 'running'""")

_NOT_DONE = text("""
update job set state = case when again and :state = 'failed' then 'queued' else :state end,
  attempts = case when again and :state = 'failed' then 0 else attempts - :spared end,
  not_before = case when :state = 'queued' then clock_timestamp() + :wait else not_before end,
  finished_at = case when :state = 'queued' or again and :state = 'failed' then null
    else clock_timestamp() end,
  error = :error, again = false, stop_asked = false, lease_until = null
 where id = :id and epoch = :epoch and state = 'running'""")

DIED = _l("The worker that ran it died, again and again.")
_EXPIRED = text("""
with dead as materialized (
  select id from job where state = 'running' and lease_until < now() for update skip locked)
update job set lease_until = null, stop_asked = false,
  state = case when stop_asked then 'cancelled' when attempts < max_attempts then 'queued'
    else 'failed' end,
  finished_at = case when not stop_asked and attempts < max_attempts then null else now() end,
  error = case when stop_asked or attempts < max_attempts then null else :died end
  from dead where job.id = dead.id returning job.id, state""")
_DUE = text("select distinct queue from job where state = 'queued' and not_before <= now()")


def usual_backoff(attempt: int) -> float:
    """Return how many seconds to wait after the failure of `attempt`: 5, 25, 125, … an hour."""
    return float(min(3600, 5**attempt)) * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret


@dataclass
class Runner:
    """Serves one queue. `lease` bounds how long a dead worker's job waits to be taken over."""

    queue: str
    app: Flask | None = None
    lease: timedelta = LEASE
    backoff: Callable[[int], float] = usual_backoff
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ask to stop after the job that runs now."""
        self._stop.set()

    def stopping(self) -> bool:
        """Say whether no further work should be begun."""
        return self._stop.is_set()

    def drain(self) -> None:
        """Serve whatever waits for this queue, until nothing does or it has taken a minute."""
        wake_taken(self.queue)
        until = time.monotonic() + _TURN
        busy = True
        while busy and not self.stopping():
            # Every source gets its turn, whatever the others have.
            served = [self._drained(source) for source in sources(self.queue)]
            busy = any(served)
            if busy and time.monotonic() > until:
                wake_queue(self.queue)
                return

    def _drained(self, source: WorkSource) -> bool:
        try:
            return source.drain(self)
        except (InterfaceError, OperationalError):
            raise  # the database is gone: nobody gets on, and the process knows how to wait
        except Exception:
            # A fault in one source must not end the process and with it the turn of the others.
            log.exception("%s could not be served.", source.name)
            return False

    def run_next(self) -> bool:
        """Claim the job that has waited longest and run it; return whether there was one."""
        with work(SYSTEM) as session:
            row = session.execute(
                _CLAIM, {"queue": self.queue, "worker": self.name, "lease": self.lease}
            ).first()
        if row is None:
            return False
        faults.reach("claimed")
        self._run(_claim_of(row, self.lease))
        return True

    def _run(self, claim: Claim) -> None:
        try:
            with self._context(), holding(claim):
                _perform(claim)
            faults.reach("committed")
        except Fenced:
            log.warning("Job %s was taken over by somebody else; rolled back.", claim.id)
        except Stopped:
            self._end(claim, "cancelled", None)
        except TryLater as later:
            self._end(claim, "queued", str(later), wait=later.after, spared=1)
        except CrmError as error:
            self._end(claim, "failed", str(words_of(error)))
        except Exception as error:
            log.exception("Job %s (%s) failed, attempt %s.", claim.id, claim.name, claim.attempts)
            self._failed(claim, error)

    def _failed(self, claim: Claim, error: Exception) -> None:
        # The class only: messages of libraries carry addresses, parameters and passwords.
        words = str(
            _l(
                "A fault in the program (%(kind)s); the log has the details.",
                kind=type(error).__name__,
            )
        )
        if claim.attempts >= claim.max_attempts:
            self._end(claim, "failed", words)
            return
        seconds = 0.5 if _is_collision(error) else self.backoff(claim.attempts)
        self._end(claim, "queued", words, wait=timedelta(seconds=seconds))

    def _end(
        self,
        claim: Claim,
        state: str,
        error: str | None,
        *,
        wait: timedelta = timedelta(0),
        spared: int = 0,
    ) -> None:
        values = {"state": state, "error": error, "wait": wait, "spared": spared}
        with work(SYSTEM) as session:
            session.execute(_NOT_DONE, {**values, "id": claim.id, "epoch": claim.epoch})

    @contextmanager
    def _context(self) -> Iterator[None]:
        if self.app is None:
            yield
            return
        # One for each job: its end closes what the job opened through `db`.
        with self.app.app_context():
            yield

    def context(self) -> Any:
        """Return the application's context for a piece of work of another source."""
        return self._context()


@dataclass(frozen=True, slots=True)
class WorkSource:
    """One table of work.

    `drain(runner)` serves what waits and returns whether there was anything; it stops soon after
    `runner.stopping()` and leaves with work undone when it has taken a minute. `due(session)` names
    the queues for which something waits, `recover(session)` frees what a dead worker held; the tick
    calls both as crm_system, each in a short transaction. `queue` None: every queue's worker drains
    it.
    """

    name: str
    drain: Callable[[Runner], bool]
    due: Callable[[Session], Iterable[str]]
    queue: str | None = None
    recover: Callable[[Session], object] | None = None


SOURCES: Registry[WorkSource] = Registry("source of work")


def sources(queue: str) -> list[WorkSource]:
    """Return what the worker of `queue` serves."""
    return [source for source in SOURCES if source.queue in (None, queue)]


def _perform(claim: Claim) -> None:
    job = declared(claim.name)
    with work(claim.stamp) as session:
        session.info["job"] = claim
        with time_limit(job.timeout), statement_limit(session, job.timeout):
            result = job.call(session, *claim.args)
            session.flush()
        values = {
            "id": claim.id,
            "epoch": claim.epoch,
            "result": None if result is None else plain_json(result),
        }
        # CursorResult: an UPDATE without RETURNING knows how many rows it changed.
        if session.execute(_DONE, values).rowcount == 0:  # type: ignore[attr-defined]
            raise Fenced
        faults.reach("before commit")


def _claim_of(row: Row[Any], lease: timedelta) -> Claim:
    stores = () if row.store_ids is None else tuple(row.store_ids)
    stamp = Stamp(Role(row.role), row.company_id, stores, row.created_by, row.request_id)
    return Claim(
        row.id,
        row.name,
        row.args,
        row.attempts,
        row.max_attempts,
        row.epoch,
        stamp,
        row.point,
        lease,
    )


def _is_collision(error: Exception) -> bool:
    if isinstance(error, StaleDataError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) in _COLLISIONS


def free_expired(session: Session) -> None:
    """Queue again what dead or stuck workers held; requires crm_system."""
    for row in session.execute(_EXPIRED, {"died": str(DIED)}):
        log.warning("The lease of job %s ran out: %s.", row.id, row.state)


def _due(session: Session) -> list[str]:
    return list(session.scalars(_DUE))


_runners: dict[str, Runner] = {}


def serve(runner: Runner) -> None:
    """Have wake-ups of the runner's queue drained by it in this process."""
    _runners[runner.queue] = runner


def wake(queue: str) -> None:
    """Look for work in PostgreSQL: this is what RQ runs."""
    _runners.setdefault(queue, Runner(queue)).drain()


SOURCES.register(WorkSource("jobs", Runner.run_next, _due, recover=free_expired))
