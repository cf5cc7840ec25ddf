"""What a queue's worker serves besides jobs: event deliveries, message batches, inboxes.

All of them are tables whose rows a worker claims by SKIP LOCKED; the tick finds what was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from app.kit.registry import Registry

if TYPE_CHECKING:
    from app.kit.jobs.runner import Runner


@dataclass(frozen=True, slots=True)
class Source:
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


SOURCES: Registry[Source] = Registry("source of work")


def sources(queue: str) -> list[Source]:
    """Return what the worker of `queue` serves."""
    return [source for source in SOURCES if source.queue in (None, queue)]
