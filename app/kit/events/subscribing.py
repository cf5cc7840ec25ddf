"""Who wants to know what: subscribers by event, registered when their module is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.kit.registry import Registry

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as its subscribers get it. Decimals, dates and UUIDs in `data` are text."""

    id: int
    name: str
    data: dict[str, Any]
    at: datetime
    company_id: int
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`call(session, happened)`, or `call(session, [happened, …])` where `batch`."""

    name: str
    event: str
    call: Callable[..., object]
    batch: bool
    attempts: int


SUBSCRIBERS: Registry[Subscriber] = Registry(
    "subscriber of the event", key=lambda one: (one.event, one.name)
)


def subscribers_of(event: str) -> list[str]:
    """Return the names of those who want to know, which are what a delivery keeps."""
    return [one.name for one in SUBSCRIBERS if one.event == event]


def on(*events: str, name: str, batch: bool = False, attempts: int = 10) -> Callable[[F], F]:
    """Have a function called, later and once, for each of the events emitted from now on.

    `name` is kept with every delivery and must not change ("insights.facts"). It runs as the
    company, not as the user who caused the event, in one transaction with the delivery's end. The
    order of events is not kept. With `batch` it gets a list: all of one company that wait, up to
    200. Raises Duplicate when another function has that name.
    """

    def subscribe(function: F) -> F:
        for event in events:
            SUBSCRIBERS.register(Subscriber(name, event, function, batch, attempts))
        return function

    return subscribe
