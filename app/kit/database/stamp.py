"""Who works for whom: one value that every transaction carries into the database.

The stamp chooses the PostgreSQL role and sets what the row-level-security policies read. Every root
transaction begins with it (see `session.py`), whether it belongs to a request, an API call, a job,
a stream or a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum


class Role(StrEnum):
    """The database roles. None of them is a login; the login may only change into them."""

    OWNER = "crm_owner"
    APP = "crm_app"
    # Bound to stores: sees all clients of the company, those of its stores, or its own only.
    STORE = "crm_store"
    STORE_CLIENTS = "crm_store_clients"
    OWN_CLIENTS = "crm_own_clients"
    SYSTEM = "crm_system"
    PLATFORM = "crm_platform"
    AUTH = "crm_auth"
    SEARCH = "crm_search"


# See less than all clients. What is not said of them is as for `Role.STORE`.
NARROW_ROLES = (Role.STORE_CLIENTS, Role.OWN_CLIENTS)
BOUND_ROLES = (Role.STORE, *NARROW_ROLES)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one transaction may see.

    `store_ids` counts only with the roles of `BOUND_ROLES`: the stores the user is bound to.
    """

    role: Role
    company_id: int | None = None
    store_ids: tuple[int, ...] = ()
    user_id: int | None = None
    request_id: str = ""

    @property
    def bound(self) -> bool:
        """Whether rows of other stores are closed."""
        return self.role in BOUND_ROLES

    def unbound(self) -> Stamp:
        """Return the same stamp for the company as a whole: what counts over all its stores."""
        return replace(self, role=Role.APP, store_ids=()) if self.bound else self

    def settings(self) -> tuple[str, str, str, str, str, str]:
        """Return the values of `STAMP_SQL` in its order."""
        stores = "{" + ",".join(map(str, self.store_ids)) + "}" if self.bound else ""
        return (
            self.role.value,
            "" if self.company_id is None else str(self.company_id),
            stores,
            "" if self.user_id is None else str(self.user_id),
            self.request_id,
            # Views of this schema stand before tables of the same name (`install/visibility.py`).
            "bound, public" if self.bound else "public",
        )


# One statement, one round trip (97 µs measured); `true` makes each setting end with the
# transaction.
STAMP_SQL = (
    "select set_config('role', %s, true), set_config('app.company_id', %s, true),"
    " set_config('app.store_ids', %s, true), set_config('app.user_id', %s, true),"
    " set_config('app.request_id', %s, true), set_config('search_path', %s, true)"
)

_current: ContextVar[Stamp | None] = ContextVar("stamp", default=None)


def company_stamp(
    company_id: int,
    *,
    user_id: int | None = None,
    store_ids: tuple[int, ...] | None = None,
    request_id: str = "",
    bound_as: Role = Role.STORE,
) -> Stamp:
    """Return the stamp of somebody in a company.

    `store_ids` given means bound to those stores, `bound_as` which clients they see then.
    """
    if store_ids is None:
        return Stamp(Role.APP, company_id, (), user_id, request_id)
    return Stamp(bound_as, company_id, store_ids, user_id, request_id)


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
