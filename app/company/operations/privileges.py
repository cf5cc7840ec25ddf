"""The rules about power: nobody gives what they lack, and somebody is always in charge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.company.models import ApiKey, Invitation, Membership, membership_store
from app.company.queries import in_charge, rights_of_roles, roles_of
from app.kit.access import Reader, Right
from app.kit.errors import Conflict, NotFound, Refused
from app.kit.rights import wording
from app.kit.security.models import Role

_LOCK = 7_304_002

Holder: TypeAlias = Membership | ApiKey | Invitation | Role


class LastAdministrator(Conflict):
    """Nobody would be left who holds everything, or could at least give rights."""

    default_message = _l(
        "Somebody must stay who may do everything in the whole company. Appoint another"
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
    `perm_version` would order them too, but only after the change; the lock does so before. What
    comes by no operation is refused at commit, by the trigger on that row.
    """
    session.execute(
        text("select pg_advisory_xact_lock(:lock, crm_company()::int)"), {"lock": _LOCK}
    )
    before = in_charge(session)
    yield
    session.flush()
    if in_charge(session) < before:
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
    if by.in_some_stores and (all_stores or not set(store_ids) <= set(by.store_ids or ())):
        raise Refused(_("You can open only the stores that you work in yourself."))


class Reach(NamedTuple):
    """What a membership, key, invitation or role gives to whoever has it."""

    rights: frozenset[Right]
    all_stores: bool = False
    store_ids: frozenset[int] = frozenset()


def check_reach(session: Session, by: Reader, subject: Holder) -> None:
    """Raise NotYours or Refused when the subject holds a right or a store that the reader lacks.

    Every operation on a membership (its link, sessions and resets included), key, invitation or
    role asks this first: nobody acts on what is stronger than they are, not even to weaken it.
    """
    held = _held(session, subject)
    check_rights(by, held.rights)
    beyond = held.all_stores or not held.store_ids <= set(by.store_ids or ())
    if by.in_some_stores and beyond:
        raise Refused(_("This reaches into stores that you do not work in."))


def _held(session: Session, subject: Holder) -> Reach:
    if isinstance(subject, ApiKey):
        # A key is a way in of its maker's: whoever acts on it acts on them.
        return _held(session, session.get_one(Membership, subject.membership_id))
    if isinstance(subject, Role):
        return Reach(_rights(session, [subject.id]))
    if isinstance(subject, Invitation):
        stores = frozenset(subject.store_ids)
        return Reach(_rights(session, subject.role_ids), subject.all_stores, stores)
    roles = [role.id for role in roles_of(session, subject)]
    stores = frozenset(stores_of(session, subject))
    return Reach(_rights(session, roles), subject.all_stores, stores)


def _rights(session: Session, role_ids: Collection[int]) -> frozenset[Right]:
    return frozenset[Right]().union(*rights_of_roles(session, role_ids).values())


def stores_of(session: Session, membership: Membership) -> set[int]:
    """Return the ids of the stores a membership is bound to."""
    query = select(membership_store.c.store_id).where(
        membership_store.c.membership_id == membership.id
    )
    return set(session.scalars(query))
