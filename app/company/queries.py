"""Questions about people, roles and who may what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import exists, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, contains_eager, selectinload

from app.company.models import (
    ApiKeyUse,
    Company,
    Membership,
    Person,
    Store,
    UserSession,
    membership_role,
    membership_store,
)
from app.kit import clock
from app.kit.access import Right
from app.kit.security.models import Permission, PermissionView, Role, ViewMenu, role_rights

# Who has both can give to others what they have themselves.
ADMINISTERS: frozenset[Right] = frozenset({("write", "Membership"), ("write", "Role")})

_PV = (
    select(PermissionView.id, Permission.name.label("permission"), ViewMenu.name.label("view"))
    .select_from(PermissionView)
    .join(Permission, Permission.id == PermissionView.permission_id)
    .join(ViewMenu, ViewMenu.id == PermissionView.view_menu_id)
    .subquery("rights")
)


def company_name(session: Session) -> str:
    """Return the name of the stamped company; a message's readers know the sender by it."""
    return session.scalar(select(Company.name)) or ""


def known_rights(session: Session) -> dict[Right, int]:
    """Every right there is a row for, with the row's id."""
    rows = session.execute(select(_PV.c.id, _PV.c.permission, _PV.c.view))
    return {(row.permission.removeprefix("can_"), row.view): row.id for row in rows}


def rights_of_roles(session: Session, role_ids: Collection[int]) -> dict[int, frozenset[Right]]:
    """Return what each of the roles allows; those without any right are there too."""
    found: dict[int, set[Right]] = {role_id: set() for role_id in role_ids}
    rows = session.execute(
        select(role_rights.c.role_id, _PV.c.permission, _PV.c.view)
        .join(_PV, _PV.c.id == role_rights.c.permission_view_id)
        .where(role_rights.c.role_id.in_(role_ids))
    )
    for row in rows:
        found[row.role_id].add((row.permission.removeprefix("can_"), row.view))
    return {role_id: frozenset(rights) for role_id, rights in found.items()}


def rights_by_role(session: Session, membership: Membership) -> dict[Right, list[str]]:
    """Return what a membership may, with the names of the roles each right comes from."""
    roles = roles_of(session, membership)
    rights = rights_of_roles(session, [role.id for role in roles])
    found: dict[Right, list[str]] = defaultdict(list)
    for role in roles:
        for right in rights[role.id]:
            found[right].append(role.name)
    return dict(found)


def roles(session: Session) -> Sequence[Role]:
    """Return the company's roles by name."""
    own = Role.company_id.is_not(None)  # type: ignore[attr-defined]  # added to FAB's class
    return session.scalars(select(Role).where(own).order_by(Role.name)).all()


def roles_of(session: Session, membership: Membership) -> Sequence[Role]:
    """Return the membership's roles by name."""
    return session.scalars(
        select(Role)
        .join(membership_role, membership_role.c.role_id == Role.id)
        .where(membership_role.c.membership_id == membership.id)
        .order_by(Role.name)
    ).all()


def store_names(session: Session, membership: Membership) -> Sequence[str]:
    """Return the names of the stores that a membership is bound to."""
    return session.scalars(
        select(Store.name)
        .join(membership_store, membership_store.c.store_id == Store.id)
        .where(membership_store.c.membership_id == membership.id)
        .order_by(Store.name_fold)
    ).all()


def role_names(session: Session, membership_ids: Collection[int]) -> dict[int, str]:
    """Return the names of the roles of each membership, in one statement."""
    names = func.array_agg(aggregate_order_by(Role.name, Role.name))
    rows = session.execute(
        select(membership_role.c.membership_id, names)
        .join(Role, Role.id == membership_role.c.role_id)
        .where(membership_role.c.membership_id.in_(membership_ids))
        .group_by(membership_role.c.membership_id)
    )
    return {row[0]: ", ".join(row[1]) for row in rows}


def members_with(session: Session, role_id: int) -> Sequence[Membership]:
    """Return the active memberships that have the role, by name."""
    return session.scalars(
        _members()
        .join(membership_role, membership_role.c.membership_id == Membership.id)
        .where(membership_role.c.role_id == role_id)
    ).all()


def people_by_role(session: Session) -> dict[int, int]:
    """Return how many active memberships have each role; a role that nobody has is not there."""
    rows = session.execute(
        select(membership_role.c.role_id, func.count())
        .join(Membership, Membership.id == membership_role.c.membership_id)
        .where(Membership.active, Membership.archived_at.is_(None))
        .group_by(membership_role.c.role_id)
    )
    return {row[0]: row[1] for row in rows}


def members(session: Session) -> Sequence[Membership]:
    """Return the active memberships by name, with their roles."""
    return session.scalars(_members().options(selectinload(Membership.roles))).all()


def _members() -> Any:
    return (
        select(Membership)
        .join(Membership.person)
        .options(contains_eager(Membership.person))
        .where(Membership.active, Membership.archived_at.is_(None))
        .order_by(Person.last_name, Person.first_name, Membership.id)
    )


def _has(right: Right) -> Any:
    return exists(
        select(1)
        .select_from(membership_role)
        .join(role_rights, role_rights.c.role_id == membership_role.c.role_id)
        .join(_PV, _PV.c.id == role_rights.c.permission_view_id)
        .where(
            membership_role.c.membership_id == Membership.id,
            _PV.c.permission == f"can_{right[0]}",
            _PV.c.view == right[1],
        )
    )


def holders(session: Session, rights: Collection[Right]) -> Sequence[Membership]:
    """Return the active memberships that hold all of the rights in the whole company, by name."""
    query = _members().where(
        Membership.all_stores, Person.active.is_(True), *map(_has, sorted(rights))
    )
    return session.scalars(query).unique().all()


def count_administrators(session: Session) -> int:
    """How many hold everything that an administrator's template does, in the whole company."""
    found = session.scalar(text("select count(*) from crm_administrators(crm_company())"))
    return int(found or 0)


class InCharge(IntEnum):
    """How much the strongest people of a company can put right."""

    NOTHING = 0
    WHAT_THEY_HAVE = 1
    EVERYTHING = 2


def in_charge(session: Session) -> InCharge:
    """Return how much somebody in the stamped company can put right."""
    if count_administrators(session):
        return InCharge.EVERYTHING
    return InCharge.WHAT_THEY_HAVE if holders(session, ADMINISTERS) else InCharge.NOTHING


def keys_used(session: Session, ids: Collection[int]) -> dict[int, object]:
    """Return when each of the API keys was last used; one that never was is not there."""
    query = select(ApiKeyUse.api_key_id, ApiKeyUse.last_used_at)
    rows = session.execute(query.where(ApiKeyUse.api_key_id.in_(ids)))
    return {row.api_key_id: row.last_used_at for row in rows}


def sessions_of(session: Session, membership: Membership) -> Sequence[UserSession]:
    """Where a member is signed in for this company, last seen first."""
    return session.scalars(
        select(UserSession)
        .where(
            UserSession.membership_id == membership.id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > clock.now(),
        )
        .order_by(UserSession.last_seen_at.desc())
    ).all()
