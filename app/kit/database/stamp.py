"""Who works for whom: one value that every transaction carries into the database.

The stamp chooses the PostgreSQL role and sets what the row-level-security policies read. Every root
transaction begins with it (see `session.py`), whether it belongs to a request, an API call, a job,
a stream or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The database roles. None of them is a login; the login may only change into them."""

    OWNER = "crm_owner"
    APP = "crm_app"
    STORE = "crm_store"
    SYSTEM = "crm_system"
    PLATFORM = "crm_platform"
    AUTH = "crm_auth"
    SEARCH = "crm_search"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one transaction may see.

    `store_ids` counts only with `Role.STORE`: the stores the user is bound to.
    """

    role: Role
    company_id: int | None = None
    store_ids: tuple[int, ...] = ()
    user_id: int | None = None
    request_id: str = ""

    def settings(self) -> tuple[str, str, str, str, str]:
        """Return the values of `STAMP_SQL` in its order."""
        bound = self.role is Role.STORE
        stores = "{" + ",".join(map(str, self.store_ids)) + "}" if bound else ""
        return (
            self.role.value,
            "" if self.company_id is None else str(self.company_id),
            stores,
            "" if self.user_id is None else str(self.user_id),
            self.request_id,
        )


# One statement, one round trip (97 µs measured); `true` makes each setting end with the
# transaction.
STAMP_SQL = (
    "select set_config('role', %s, true), set_config('app.company_id', %s, true),"
    " set_config('app.store_ids', %s, true), set_config('app.user_id', %s, true),"
    " set_config('app.request_id', %s, true)"
)

_current: ContextVar[Stamp | None] = ContextVar("stamp", default=None)


def company_stamp(
    company_id: int,
    *,
    user_id: int | None = None,
    store_ids: tuple[int, ...] | None = None,
    request_id: str = "",
) -> Stamp:
    """Return the stamp of somebody in a company; `store_ids` given means bound to those stores."""
    if store_ids is None:
        return Stamp(Role.APP, company_id, (), user_id, request_id)
    return Stamp(Role.STORE, company_id, store_ids, user_id, request_id)


def current_stamp() -> Stamp | None:
    """Return the stamp that new transactions of this thread or task will carry."""
    return _current.get()


def current_user_id() -> int | None:
    """Return the id of the user on whose behalf the code runs, None for the system itself."""
    stamp = _current.get()
    return stamp.user_id if stamp else None


def set_stamp(stamp: Stamp | None) -> None:
    """Set the stamp for the rest of this context; requests use it, everything else `stamped`."""
    _current.set(stamp)


@contextmanager
def stamped(stamp: Stamp | None) -> Iterator[None]:
    """Carry `stamp` into every transaction begun inside the block."""
    token = _current.set(stamp)
    try:
        yield
    finally:
        _current.reset(token)
