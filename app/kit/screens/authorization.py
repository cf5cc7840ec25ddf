"""Who may open a route: one decorator for screens, which also tells FAB the permission's name."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from app.kit.access import OfTheWhole, reader, require
from app.kit.database.install.rules import is_whole
from app.kit.screens.attrs import table_of

F = TypeVar("F", bound=Callable[..., Any])


_LOOKING = ("read", "export")


def is_closed(permission: str, model: type[Any] | None) -> bool:
    """Whether this reader may only look at such records: they are of the whole company."""
    changes = permission not in _LOOKING and reader().is_bound
    return changes and model is not None and is_whole(table_of(model))


def needs(permission: str, view: str = "") -> Callable[[F], F]:
    """Open the route to readers with `permission` on the screen's view (or on `view`).

    `_permission_name` is what FAB and the walk over all routes read.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            require(permission, view or self.view)
            if is_closed(permission, getattr(self, "model", None)):
                raise OfTheWhole
            return function(self, *args, **kwargs)

        guarded._permission_name = permission  # type: ignore[attr-defined]  # noqa: SLF001 -- FAB's own mark
        return guarded  # type: ignore[return-value]

    return decorate
