"""`python -m app.kit.jobs.tick`: every few seconds, finds what was left and starts what is due.

Any number of ticks may run. Everything here is either claimed row by row or has a unique key.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from app.kit import clock
from app.kit.database.session import work
from app.kit.jobs import queues
from app.kit.jobs.heartbeats import Heart
from app.kit.jobs.lease import SYSTEM
from app.kit.jobs.runner import SOURCES
from app.kit.jobs.schedules import SCHEDULES, start_due

log = logging.getLogger(__name__)

PERIOD = 3.0


class Tick:
    """One tick process; `once` may be called at any time."""

    def __init__(self) -> None:
        # What this process knows to have been started: spares the database a question each time.
        self._started: dict[str, datetime] = {}

    def once(self) -> None:
        """Free what dead workers held, start what is due, wake the workers of what waits."""
        for source in list(SOURCES):
            if source.recover is not None:
                self._guarded(f"recover {source.name}", self._recover, source.name)
        for name in SCHEDULES.names():
            self._guarded(f"schedule {name}", self._start, name)
        for source in list(SOURCES):
            self._guarded(f"wake {source.name}", self._wake, source.name)

    def _guarded(self, what: str, call: Callable[[str], None], name: str) -> None:
        # What fails must not keep the tick from the rest; it is tried again in a few seconds.
        try:
            call(name)
        except SQLAlchemyError as error:
            log.warning("Tick could not %s: %s", what, type(error).__name__)
        except Exception:
            log.exception("Tick could not %s.", what)

    def _recover(self, name: str) -> None:
        recover = SOURCES[name].recover
        if recover is not None:
            with work(SYSTEM) as session:
                recover(session)

    def _start(self, name: str) -> None:
        one = SCHEDULES[name]
        due = one.latest_due(clock.now())
        if self._started.get(name) == due:
            return
        with work(SYSTEM) as session:
            start_due(session, one, due)
        self._started[name] = due

    def _wake(self, name: str) -> None:
        with work(SYSTEM) as session:
            waiting = set(SOURCES[name].due(session))
        for queue in sorted(waiting):
            queues.wake(queue)


def run(stop: threading.Event, *, period: float = PERIOD) -> None:
    """Tick until `stop`. Requires bound database and Redis."""
    tick, heart = Tick(), Heart(f"{socket.gethostname()}:{os.getpid()}", "tick")
    heart.start()
    while not stop.is_set():
        tick.once()
        stop.wait(period)
    heart.leave()


def main() -> None:
    """Run the tick of an installation until SIGTERM."""
    from app import create_app  # noqa: PLC0415 -- the parts register their schedules

    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    app = create_app()
    with app.app_context():
        run(stop)


if __name__ == "__main__":
    main()
