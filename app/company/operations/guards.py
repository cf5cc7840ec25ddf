"""The rules about power: nobody gives what they lack, and somebody is always in charge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.company.models import Membership, membership_store
from app.company.queries import count_administrators, rights_of_roles, roles_of
from app.kit.access import Reader, Right
from app.kit.errors import Conflict, NotFound, Refused
from app.kit.rights import wording
from app.kit.security.models import Role

_LOCK = 7_304_002


class LastAdministrator(Conflict):
    """Nobody would be left who can give rights."""

    default_message = _l(
        "Somebody must stay who may give rights in the whole company. Appoint another"
        " administrator first."
    )


class NotYours(Refused):
    """The reader would give or take what they do not have."""

    def __init__(self, rights: Collection[Right]) -> None:
        words = sorted(str(wording(*right).label) for right in rights)
        shown = "; ".join(words[:3]) + (" …" if len(words) > 3 else "")
        super().__init__(
            _(
                "You can give or take only what you may do yourself. Missing: %(rights)s",
                rights=shown,
            )
        )


@contextmanager
def somebody_in_charge(session: Session) -> Iterator[None]:
    """Do the change of power inside, one at a time per company. Raises LastAdministrator after it.

    Two administrators who demote each other at once must not both see the other. The row of
    `perm_version` would order them too, but only after the change; the lock does so before.
    """
    session.execute(
        text("select pg_advisory_xact_lock(:lock, crm_company()::int)"), {"lock": _LOCK % 2**31}
    )
    before = count_administrators(session)
    yield
    session.flush()
    if before and not count_administrators(session):
        raise LastAdministrator


def check_rights(by: Reader, changed: Collection[Right]) -> None:
    """Raise NotYours unless the reader has all of the rights that change hands."""
    missing = set(changed) - by.rights
    if missing:
        raise NotYours(missing)


def check_roles(session: Session, by: Reader, role_ids: Iterable[int]) -> None:
    """Raise NotFound for a role of nobody here, NotYours for one that has more than the reader."""
    wanted = set(role_ids)
    found = set(session.scalars(select(Role.id).where(Role.id.in_(wanted), _own())))
    if found != wanted:
        raise NotFound(_("One of these roles does not exist."))
    for rights in rights_of_roles(session, wanted).values():
        check_rights(by, rights)


def _own() -> Any:
    return Role.company_id.is_not(None)  # type: ignore[attr-defined]  # added to FAB's class


def check_stores(by: Reader, *, all_stores: bool, store_ids: Collection[int]) -> None:
    """Raise Refused when somebody bound to stores would open others."""
    if by.store_ids is None:
        return
    if all_stores or not set(store_ids) <= set(by.store_ids):
        raise Refused(_("You can open only the stores that you work in yourself."))


def check_stronger(session: Session, by: Reader, membership: Membership) -> None:
    """Raise NotYours or Refused when the member may do more than the reader."""
    for rights in rights_of_roles(
        session, [role.id for role in roles_of(session, membership)]
    ).values():
        check_rights(by, rights)
    check_stores(by, all_stores=membership.all_stores, store_ids=stores_of(session, membership))


def stores_of(session: Session, membership: Membership) -> set[int]:
    """Return the ids of the stores a membership is bound to."""
    query = select(membership_store.c.store_id).where(
        membership_store.c.membership_id == membership.id
    )
    return set(session.scalars(query))
