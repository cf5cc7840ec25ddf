"""Whom a token, a session, a membership or a key stands for, found out anew with every request.

A `Reader` is made from one row that a function of the schema `auth` returns (auth_functions.py),
and from a set of rights that a process keeps for as long as the company's `perm_version` stays the
same: a change of roles counts at the next click.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from app.kit.access import OTHERS_CLIENTS, Reader, Right
from app.kit.database.stamp import Role
from app.kit.rights import parse
from app.kit.security import auth_functions

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
    row = auth_functions.reader(
        door, token_hash=token_hash, session_id=session_id, membership_id=membership_id
    )
    return None if row is None else _made_of(door, row, scopes, api_key_id)


def resolve_key(door: Session, key: Any) -> Reader | None:
    """Return whom a key stands for (a row of `api_key` or `live_key`), if anybody."""
    if key is None:
        return None
    scopes = frozenset(parse(scope) for scope in key.scopes)
    return resolve(door, membership_id=key.membership_id, scopes=scopes, api_key_id=key.api_key_id)


def _binding(
    door: Session, row: Any, rights: frozenset[Right]
) -> tuple[tuple[int, ...] | None, Role]:
    """Return the stores somebody is bound to, None for all, and which clients they see.

    Whoever lacks the right is narrowed whatever else they have: names stand in many a record.
    """
    stores = None if row.all_stores in (True, None) else tuple(row.store_ids)
    if row.membership_id is not None and OTHERS_CLIENTS not in rights:
        mine = auth_functions.stores(door, row.membership_id) if stores is None else stores
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
    if row.membership_id is None:
        return auth_functions.rights(door, row.user_id, None) if row.superuser else frozenset()
    key = (door.get_bind().engine.url.database, row.membership_id, row.perm_version)
    rights = KEPT.get(key)
    if rights is None:
        rights = auth_functions.rights(door, row.user_id, row.membership_id)
        KEPT.put(key, rights)
    return rights
