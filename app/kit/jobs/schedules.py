"""What is started by the clock: one list, read by the tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.jobs.declared import declared
from app.kit.registry import Registry

_START = text("select crm_start_schedule(:name, :due, :queue, :job, :attempts, :each_company)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job without arguments, started `every` so often, or daily `at` a time in UTC.

    It runs as the system, or as each company once. A start missed while nothing ran is made up for
    once, however many were missed; one that still waits or runs is not doubled.
    """

    name: str
    job: str
    every: timedelta | None = None
    at: time | None = None
    each_company: bool = False

    def latest_due(self, now: datetime) -> datetime:
        """Return the last moment up to `now` at which this was due."""
        if self.every is not None:
            seconds = self.every.total_seconds()
            return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
        due = datetime.combine(now.astimezone(UTC).date(), self.at or time(), UTC)
        return due if due <= now else due - timedelta(days=1)


SCHEDULES: Registry[Schedule] = Registry("schedule")


def schedule(
    name: str,
    job: str,
    *,
    every: timedelta | None = None,
    at: time | None = None,
    each_company: bool = False,
) -> None:
    """Add to the list. Raises ValueError unless exactly one of `every` and `at` is given."""
    if (every is None) == (at is None):
        message = f"Schedule {name} needs either every= or at=."
        raise ValueError(message)
    SCHEDULES.register(Schedule(name, job, every, at, each_company))


def start_due(session: Session, one: Schedule, due: datetime) -> int:
    """Start `one` for `due` unless that happened; return how many jobs. Requires crm_system."""
    job = declared(one.job)
    values = {
        "name": one.name,
        "due": due,
        "queue": job.queue,
        "job": one.job,
        "attempts": job.attempts,
        "each_company": one.each_company,
    }
    return int(session.execute(_START, values).scalar_one())
