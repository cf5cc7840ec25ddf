"""Signs of life: every worker and tick writes one row every few seconds."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.kit.database.session import work
from app.kit.jobs.lease import SYSTEM

log = logging.getLogger(__name__)

PERIOD = 10.0
# Older than this, a process counts as gone.
ALIVE = 35.0

_BEAT = text("""
insert into beat (name, kind, queue, at) values (:name, :kind, :queue, clock_timestamp())
on conflict (name) do update set at = excluded.at""")
_FORGET = text("delete from beat where at < now() - interval '1 day'")
_LEAVE = text("delete from beat where name = :name")


class Heart(threading.Thread):
    """Beats until `leave`: the process runs. Whether its work gets on is seen by the lag."""

    def __init__(self, name: str, kind: str, queue: str = "") -> None:
        super().__init__(name="heart", daemon=True)
        self._values = {"name": f"{kind} {queue} {name}", "kind": kind, "queue": queue}
        self._over = threading.Event()

    def run(self) -> None:
        """Beat now and every ten seconds."""
        while True:
            try:
                with work(SYSTEM) as session:
                    session.execute(_BEAT, self._values)
            except SQLAlchemyError as error:
                log.warning("No sign of life could be left: %s", type(error).__name__)
            if self._over.wait(PERIOD):
                return

    def leave(self) -> None:
        """Take the sign away: this process ends in good order."""
        self._over.set()
        self.join(timeout=5)
        try:
            with work(SYSTEM) as session:
                session.execute(_LEAVE, self._values)
                session.execute(_FORGET)
        except SQLAlchemyError as error:
            log.warning("The sign of life stays: %s", type(error).__name__)
