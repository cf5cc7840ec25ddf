"""The functions that may run as jobs, by dotted name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

from app.kit.errors import CrmError
from app.kit.registry import Registry, Unknown

JobFunction = Callable[..., Any]
F = TypeVar("F", bound=JobFunction)


@dataclass(frozen=True, slots=True)
class Declared:
    """One job: its function takes the session and the plain arguments it was deferred with."""

    name: str
    call: JobFunction
    queue: str
    attempts: int
    timeout: float


class TryLater(CrmError):
    """Raised by a job that cannot be done now: tried again after `after`, as often as needed."""

    def __init__(self, message: Any = None, *, after: timedelta) -> None:
        super().__init__(message)
        self.after = after


DECLARED: Registry[Declared] = Registry("job")


def job(queue: str = "default", *, attempts: int = 5, timeout: float = 600) -> Callable[[F], F]:
    """Make a function `(session, *args)` deferrable under its dotted name.

    It is tried `attempts` times, and interrupted after `timeout` seconds. It runs in one
    transaction, which must not last longer than a minute: long work calls `progress` between its
    pieces. What it returns is kept as the job's result (plain data).
    """

    def declare(function: F) -> F:
        name = f"{function.__module__}.{function.__qualname__}"
        DECLARED.register(Declared(name, function, queue, attempts, timeout))
        return function

    return declare


def declared(name: str) -> Declared:
    """Return the job of that dotted name, importing its module if need be. Raises Unknown."""
    if name not in DECLARED and name.count("."):
        try:
            import_module(name.rpartition(".")[0])
        except ModuleNotFoundError as error:
            raise Unknown(f"There is no job {name}.") from error
    return DECLARED[name]
