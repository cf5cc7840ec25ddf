"""Who reads: the signed-in person and what they may.

`app/kit/security/readers.py` finds it out anew with every request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flask import g, has_request_context
from flask_babel import lazy_gettext as _l

from app.kit.database.stamp import NARROW_ROLES, Role, Stamp, company_stamp, stamped
from app.kit.errors import Refused

Right = tuple[str, str]
"""(permission, view), such as ("write", "Client")."""

ALL_CLIENTS = "all_clients"
"""The guard of columns that count clients, whoever they are: no role gives it, and whoever sees
all clients of the company has it. Other readers count those they see, or nobody."""

OTHERS_CLIENTS: Right = ("read", "others_clients")
"""Who lacks it sees the clients they look after or served only."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody signed in, as Flask-Login's user and as everything the screens ask about them.

    `store_ids` is None for all stores; else `bound_as` says which clients are seen. With
    `every_store` they are all of the company: who sees fewer clients works in each of its stores.
    `company_id` is None for the installation's administrator, and for somebody who has yet to
    choose a company.
    """

    user_id: int
    name: str
    email: str
    first_name: str = ""
    last_name: str = ""
    company_id: int | None = None
    company_name: str = ""
    membership_id: int | None = None
    employee_id: int | None = None
    store_ids: tuple[int, ...] | None = None
    every_store: bool = False
    bound_as: Role = Role.STORE
    role_names: tuple[str, ...] = ()
    rights: frozenset[Right] = frozenset()
    locale: str = "en"
    time_zone: str = "UTC"
    currency: str = "EUR"
    session_id: int | None = None
    api_key_id: int | None = None
    is_superuser: bool = False

    # What Flask-Login and Flask-AppBuilder ask of a user.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def id(self) -> int:
        """The user's id, under the name that Flask-AppBuilder asks for."""
        return self.user_id

    def get_id(self) -> str:
        """Return the user's id as text, for Flask-Login."""
        return str(self.user_id)

    @property
    def in_some_stores(self) -> bool:
        """Whether there are stores in which this reader does not work."""
        return self.store_ids is not None and not self.every_store

    @property
    def is_bound(self) -> bool:
        """Whether other stores or other clients are closed: what is of the whole only is read."""
        return self.store_ids is not None

    @property
    def sees_all_clients(self) -> bool:
        """Whether no client of the company is closed to this reader."""
        return not (self.is_bound and self.bound_as in NARROW_ROLES)

    @property
    def opens(self) -> bool:
        """Whether there is anything to read: a company, or for a superuser the list of them."""
        return self.company_id is not None or self.is_superuser

    def may(self, permission: str, view: str) -> bool:
        """Say whether this reader has the right."""
        if view == ALL_CLIENTS:
            return self.sees_all_clients
        return (permission, view) in self.rights

    def stamp(self, request_id: str = "") -> Stamp | None:
        """Return the stamp under which this reader's work is done; None opens nothing."""
        if self.company_id is not None:
            return company_stamp(
                self.company_id,
                user_id=self.user_id,
                store_ids=self.store_ids,
                request_id=request_id,
                bound_as=self.bound_as,
            )
        # Without a company there is nothing to read but, for a superuser, the list of companies.
        if self.is_superuser:
            return Stamp(Role.PLATFORM, user_id=self.user_id, request_id=request_id)
        return None


class NobodyReads(Refused):
    """The code needs a reader and there is none."""

    status = 401
    default_message = _l("Please sign in.")


class MissingRight(Refused):
    """The reader lacks a right. `words_of` (app/kit/rights.py) says which, and who can give it."""

    def __init__(self, permission: str, view: str) -> None:
        self.right: Right = (permission, view)
        super().__init__()


class OfTheWhole(Refused):
    """The reader is bound to stores or sees some clients only, and this is of the whole company."""

    default_message = _l(
        "This counts for the whole company. Only somebody who works for all its stores and sees all"
        " its clients can change it."
    )


_borrowed: ContextVar[Reader | None] = ContextVar("reader", default=None)


def reader_or_none() -> Reader | None:
    """Return who reads, None on a page without sign-in and in a job of the system."""
    found = _borrowed.get()
    if found is None and has_request_context():
        found = g.get("reader")
    return found


def reader() -> Reader:
    """Return who reads. Raises NobodyReads."""
    found = reader_or_none()
    if found is None:
        raise NobodyReads
    return found


def may(permission: str, view: str) -> bool:
    """Say whether the present reader has the right; nobody has none."""
    found = reader_or_none()
    return found is not None and found.may(permission, view)


def require(permission: str, view: str) -> Reader:
    """Return the reader if they have the right. Raises NobodyReads or MissingRight."""
    found = reader()
    if not found.may(permission, view):
        raise MissingRight(permission, view)
    return found


@contextmanager
def reading(as_reader: Reader | None) -> Iterator[None]:
    """Let `as_reader` read inside the block, their stamp included: jobs, streams."""
    token = _borrowed.set(as_reader)
    try:
        if as_reader is None:
            yield
        else:
            with stamped(as_reader.stamp()):
                yield
    finally:
        _borrowed.reset(token)
