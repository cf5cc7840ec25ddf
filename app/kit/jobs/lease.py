"""Holding a job while it runs: the lease is renewed on a connection of its own."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction

from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp

log = logging.getLogger(__name__)

SYSTEM = Stamp(Role.SYSTEM)

_RENEW = text("""
update job set lease_until = clock_timestamp() + :lease
 where id = :id and epoch = :epoch and state = 'running' returning stop_asked""")


class Fenced(Exception):
    """Somebody else has the job now: whatever we did is rolled back."""


class Stopped(Exception):
    """Somebody cancelled the job while it ran."""


class TimedOut(Exception):
    """The job took longer than it may."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job as its runner holds it; `epoch` proves that it still does."""

    id: int
    name: str
    args: list[Any]
    attempts: int
    max_attempts: int
    epoch: int
    stamp: Stamp
    point: Any
    lease: timedelta


@contextmanager
def holding(claim: Claim) -> Iterator[None]:
    """Renew the lease in the background until the block ends."""
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(claim, over), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(claim: Claim, over: threading.Event) -> None:
    while not over.wait(claim.lease.total_seconds() / 3):
        try:
            with work(SYSTEM) as session:
                held = session.execute(
                    _RENEW, {"id": claim.id, "epoch": claim.epoch, "lease": claim.lease}
                ).first()
        except SQLAlchemyError as error:
            log.warning("The lease of job %s was not renewed: %s", claim.id, type(error).__name__)
            continue
        if held is None:
            return


@contextmanager
def statement_limit(session: Session, seconds: float) -> Iterator[None]:
    """Have the database end the block's statements when `seconds` are over.

    While one runs (or waits for a lock), Python hears no signal: `time_limit` alone would wait.
    """
    until = time.monotonic() + seconds

    def limit(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if not transaction.nested:
            left = max(1, round((until - time.monotonic()) * 1000))
            connection.exec_driver_sql(f"set local statement_timeout = {left}")

    event.listen(session, "after_begin", limit)
    try:
        yield
    finally:
        event.remove(session, "after_begin", limit)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimedOut inside the block after `seconds`; only the main thread can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise TimedOut(f"It took longer than {seconds:g} seconds.")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
