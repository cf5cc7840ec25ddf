"""The one clock. Whoever needs the time asks `now()`, so that a test can set it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)


_clock: Clock = _system


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return _clock().astimezone(UTC)


def set_clock(clock: Clock | None) -> None:
    """Use `clock` from now on; None gives the system's back."""
    global _clock  # noqa: PLW0603 -- the one clock of the process, set by tests
    _clock = _system if clock is None else clock


class Frozen:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def __call__(self) -> datetime:
        return self.at

    def set(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("A clock needs a time with a zone.")
        self.at = at

    def advance(self, by: timedelta) -> None:
        self.at += by


@contextmanager
def frozen(at: datetime) -> Iterator[Frozen]:
    """Hold the clock at `at`; the yielded clock can be set and advanced."""
    before, clock = _clock, Frozen(at)
    set_clock(clock)
    try:
        yield clock
    finally:
        set_clock(before)
