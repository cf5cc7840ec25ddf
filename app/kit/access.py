"""Who reads: the signed-in person, what they may, and how it is found out anew with every request.

A `Reader` is made from one row that a function of the schema `auth` returns for the token in the
cookie (see `app/kit/security/doors.py`), and from a set of rights that a process keeps for as long
as the company's `perm_version` stays the same: a change of roles counts at the next click.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock
from typing import Any

from flask import g, has_request_context
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app.kit.database.stamp import NARROW_ROLES, Role, Stamp, company_stamp, stamped
from app.kit.errors import Refused

Right = tuple[str, str]
"""(permission, view), such as ("write", "Client")."""

ALL_CLIENTS = "all_clients"
"""The guard of columns that count clients, whoever they are: no role gives it, and whoever sees
all clients of the company has it. Other readers count those they see, or nobody."""


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
    """The reader lacks a right. The message names it in words, and who can give it."""

    def __init__(self, permission: str, view: str) -> None:
        self.right: Right = (permission, view)
        # Late: the names are looked up when the refusal is shown, in a transaction of its own.
        super().__init__(LazyString(_in_words, permission, view))


class OfTheWhole(Refused):
    """The reader is bound to stores or sees some clients only, and this is of the whole company."""

    default_message = _l(
        "This counts for the whole company. Only somebody who works for all its stores and sees all"
        " its clients can change it."
    )


def _in_words(permission: str, view: str) -> str:
    from app.kit import rights  # noqa: PLC0415 -- wording knows the screens, which know this

    return rights.refusal(permission, view)


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


# Database, membership, perm_version. A process may see two databases: tests do.
_Key = tuple[str | None, int, int]


class _Kept:
    """The rights of memberships as last seen by this process, the least recently used dropped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._found: OrderedDict[_Key, frozenset[Right]] = OrderedDict()

    def get(self, key: _Key) -> frozenset[Right] | None:
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: _Key, rights: frozenset[Right]) -> None:
        with self._lock:
            self._found[key] = rights
            if len(self._found) > self._most:
                self._found.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


KEPT = _Kept(4096)


def resolve(
    door: Session,
    *,
    token_hash: str | None = None,
    session_id: int | None = None,
    membership_id: int | None = None,
    scopes: frozenset[Right] | None = None,
    api_key_id: int | None = None,
) -> Reader | None:
    """Return who a session's token, a session or a membership stands for, None if it is over.

    `scopes` are those of the key `api_key_id`: the reader has no right beyond them, and sees what
    somebody with just these rights would see. `door` is stamped crm_auth. One query, and one more
    when this process has not seen the membership at its present `perm_version`.
    """
    from app.kit.security import doors  # noqa: PLC0415 -- doors knows Reader's parts

    row = doors.reader(
        door, token_hash=token_hash, session_id=session_id, membership_id=membership_id
    )
    return None if row is None else _made_of(door, row, scopes, api_key_id)


def resolve_key(door: Session, key: Any) -> Reader | None:
    """Return whom a key stands for (a row of `doors.api_key` or `doors.live_key`), if anybody."""
    from app.kit.rights import parse  # noqa: PLC0415 -- rights ask this one

    if key is None:
        return None
    scopes = frozenset(parse(scope) for scope in key.scopes)
    return resolve(door, membership_id=key.membership_id, scopes=scopes, api_key_id=key.api_key_id)


# Who lacks it sees the clients they look after or served only.
OTHERS_CLIENTS: Right = ("read", "others_clients")


def _binding(
    door: Session, row: Any, rights: frozenset[Right]
) -> tuple[tuple[int, ...] | None, Role]:
    """Return the stores somebody is bound to, None for all, and which clients they see.

    Whoever lacks the right is narrowed whatever else they have: names stand in many a record.
    """
    stores = None if row.all_stores in (True, None) else tuple(row.store_ids)
    if row.membership_id is not None and OTHERS_CLIENTS not in rights:
        from app.kit.security import doors  # noqa: PLC0415 -- as above

        mine = doors.stores(door, row.membership_id) if stores is None else stores
        return mine, Role.OWN_CLIENTS
    return stores, Role.STORE_CLIENTS if row.own_store_clients else Role.STORE


def _made_of(
    door: Session, row: Any, scopes: frozenset[Right] | None, api_key_id: int | None
) -> Reader:
    rights = _rights(door, row)
    if scopes is not None:
        rights &= scopes
    stores, bound_as = _binding(door, row, rights)
    return Reader(
        user_id=row.user_id,
        name=f"{row.first_name} {row.last_name}".strip(),
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        company_id=row.company_id,
        company_name=row.company_name or "",
        membership_id=row.membership_id,
        employee_id=row.employee_id,
        store_ids=stores,
        every_store=row.all_stores in (True, None),
        bound_as=bound_as,
        role_names=tuple(row.role_names),
        rights=rights,
        locale=row.locale,
        time_zone=row.time_zone,
        currency=row.currency or "EUR",
        session_id=row.session_id,
        api_key_id=api_key_id,
        is_superuser=row.superuser,
    )


def _rights(door: Session, row: Any) -> frozenset[Right]:
    from app.kit.security import doors  # noqa: PLC0415 -- as above

    if row.membership_id is None:
        return doors.rights(door, row.user_id, None) if row.superuser else frozenset()
    key = (door.get_bind().engine.url.database, row.membership_id, row.perm_version)
    rights = KEPT.get(key)
    if rights is None:
        rights = doors.rights(door, row.user_id, row.membership_id)
        KEPT.put(key, rights)
    return rights
