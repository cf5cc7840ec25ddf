"""Who wants to know what: subscribers by event, registered when their module is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

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


# By event, then by the subscriber's name, which is what a delivery keeps.
SUBSCRIBERS: dict[str, dict[str, Subscriber]] = {}


def on(*events: str, name: str, batch: bool = False, attempts: int = 10) -> Callable[[F], F]:
    """Have a function called, later and once, for each of the events emitted from now on.

    `name` is kept with every delivery and must not change ("insights.facts"). It runs as the
    company, not as the user who caused the event, in one transaction with the delivery's end. The
    order of events is not kept. With `batch` it gets a list: all of one company that wait, up to
    200. Raises ValueError when another function has that name.
    """

    def subscribe(function: F) -> F:
        for event in events:
            found = SUBSCRIBERS.setdefault(event, {})
            known = found.get(name)
            if known and (known.call.__module__, known.call.__qualname__) != (
                function.__module__,
                function.__qualname__,
            ):
                message = f"{event} already has a subscriber {name}."
                raise ValueError(message)
            found[name] = Subscriber(name, event, function, batch, attempts)
        return function

    return subscribe
