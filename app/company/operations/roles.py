"""Roles: made from templates, changed by people within what they have themselves."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from app.company.models import membership_role
from app.company.operations.privileges import check_reach, check_rights, somebody_in_charge
from app.company.operations.role_templates import ADMINISTRATOR, SUPERUSER, TEMPLATES, RoleTemplate
from app.company.queries import known_rights, rights_of_roles
from app.kit.access import Reader, Right
from app.kit.errors import Conflict, Invalid, NotFound
from app.kit.fold import fold
from app.kit.security.models import Role, role_rights

log = logging.getLogger(__name__)

# FAB takes the first two for its own, and ours would be mistaken for the installation's.
RESERVED = {"admin", "public", "superuser"}
LONGEST_NAME = 64


def make_role(
    session: Session,
    *,
    name: str,
    rights: Collection[Right],
    by: Reader,
    at: datetime,
    description: str = "",
    template: str | None = None,
) -> Role:
    """Make a role. Raises Invalid for a bad name, NotYours for rights beyond the maker's."""
    check_rights(by, rights)
    role = Role(
        name=_good_name(session, name),
        description=description.strip(),
        template=template,
        company_id=by.company_id,
    )
    session.add(role)
    session.flush()
    _give(session, role.id, rights)
    return role


def change_role(
    session: Session,
    role: Role,
    *,
    name: str,
    rights: Collection[Right],
    version: int,
    by: Reader,
    at: datetime,
    description: str = "",
) -> Role:
    """Change name and rights. Raises Conflict for an old version, NotYours, LastAdministrator.

    NotYours also for a role with rights that the reader lacks, whatever would change of it.
    """
    with somebody_in_charge(session):
        check_reach(session, by, role)
        _take_version(session, role, version)
        present = rights_of_roles(session, [role.id])[role.id]
        wanted = frozenset(rights)
        check_rights(by, wanted)
        name, description = _good_name(session, name, but=role.id), description.strip()
        _take(session, role.id, present - wanted)
        _give(session, role.id, wanted - present)
        role.name, role.description = name, description
        # From now on it is the company's own: a deploy adds nothing to it.
        role.follows = False
        session.flush()
    return role


def remove_role(session: Session, role: Role, *, by: Reader, at: datetime) -> None:
    """Remove a role that nobody has. Raises Conflict when somebody has it, NotYours."""
    check_reach(session, by, role)
    used = session.scalar(
        select(func.count())
        .select_from(membership_role)
        .where(membership_role.c.role_id == role.id)
    )
    if used:
        raise Conflict(_("Take this role from everybody who has it first."))
    _take(session, role.id, rights_of_roles(session, [role.id])[role.id])
    session.execute(delete(Role).where(Role.id == role.id))


def seed_roles(session: Session, company_id: int, *, locale: str = "en") -> dict[str, Role]:
    """Make the roles of the templates that the company lacks; gives all of them by template."""
    own = Role.company_id == company_id  # type: ignore[attr-defined]  # added to FAB's class
    # Of two from one template the first is meant.
    there = session.scalars(select(Role).where(own).order_by(Role.id.desc()))
    found = {role.template: role for role in there}
    known = known_rights(session)
    for template in TEMPLATES:
        if template.key not in found:
            found[template.key] = _from_template(session, template, company_id, locale, known)
    return {key: role for key, role in found.items() if key}


def whole_role(session: Session, wanted: RoleTemplate) -> Role:
    """Return the stamped company's role that holds all that the template does; make it if need be.

    What a company has made of the first one stays as it is: the new one stands beside it.
    """
    known = known_rights(session)
    rights = wanted.rights(known)
    company_id, locale = session.execute(text("select id, locale from company")).one()
    own = Role.company_id == company_id  # type: ignore[attr-defined]  # added to FAB's class
    there = session.scalars(
        select(Role).where(own, Role.template == wanted.key).order_by(Role.id)  # type: ignore[attr-defined]
    ).all()
    held = rights_of_roles(session, [role.id for role in there])
    for role in there:
        if rights <= held[role.id]:
            return role
    return _from_template(session, wanted, company_id, locale, known)


def sync_roles(session: Session) -> None:
    """Bring every untouched role of every company up to its template; requires the owner's stamp.

    Run at every deploy: a new screen's rights reach those whom they are for. A role of the
    company's own that held everything still does.
    """
    known = known_rights(session)
    whole = _whole_roles(session)
    new = mark_essential(session, known)
    companies = session.execute(text("select id, locale from company order by id")).all()
    for company in companies:
        seed_roles(session, company.id, locale=company.locale)
    _seed_superuser(session, known)
    following = session.scalars(select(Role).where(Role.follows))  # type: ignore[attr-defined]
    by_key = {one.key: one for one in (*TEMPLATES, SUPERUSER)}
    roles = {role.id: by_key[role.template] for role in following if role.template in by_key}
    present = rights_of_roles(session, list(roles))
    for role_id, template in roles.items():
        wanted = template.rights(known)
        _take(session, role_id, present[role_id] - wanted, known)
        _give(session, role_id, wanted - present[role_id], known)
    for role_id, present_rights in rights_of_roles(session, whole).items():
        _give(session, role_id, new - present_rights, known)
    _note_administered(session)


def mark_essential(session: Session, known: dict[Right, int] | None = None) -> frozenset[Right]:
    """Say in the database what an administrator's template holds; return what is new of it."""
    known = known_rights(session) if known is None else known
    wanted = {known[right]: right for right in ADMINISTRATOR.rights(known)}
    changed = session.execute(
        text(
            "update ab_permission_view set essential = (id = any (:ids))"
            " where essential <> (id = any (:ids)) returning id, essential"
        ),
        {"ids": list(wanted)},
    )
    return frozenset(wanted[pk] for pk, essential in changed if essential)


def _whole_roles(session: Session) -> list[int]:
    """Return the roles, changed by their companies, that hold every right essential until now."""
    query = text(
        """
        select r.id from ab_role r
         where r.company_id is not null and not r.follows
           and exists (select 1 from ab_permission_view where essential)
           and not exists (select 1 from ab_permission_view pv where pv.essential and not exists (
             select 1 from ab_permission_view_role rr
              where rr.role_id = r.id and rr.permission_view_id = pv.id))"""
    )
    return list(session.scalars(query))


def _note_administered(session: Session) -> None:
    """Say of each company whether somebody holds everything there, and who has lost it."""
    query = text(
        """
        with now as (select v.company_id, v.administered was,
                       exists (select 1 from crm_administrators(v.company_id)) administered
                       from perm_version v)
        update perm_version v set administered = n.administered from now n
         where n.company_id = v.company_id and n.was <> n.administered
        returning v.company_id, v.administered"""
    )
    for company_id, administered in session.execute(query).all():
        if not administered:
            log.warning(
                "In company %d nobody holds every right any more: see `flask crm people role`.",
                company_id,
            )


def _seed_superuser(session: Session, known: dict[Right, int]) -> None:
    query = select(Role).where(
        Role.company_id.is_(None),  # type: ignore[attr-defined]  # added to FAB's class
        Role.template == SUPERUSER.key,  # type: ignore[attr-defined]
    )
    if session.scalar(query) is None:
        _from_template(session, SUPERUSER, None, "en", known)


def _from_template(
    session: Session,
    template: RoleTemplate,
    company_id: int | None,
    locale: str,
    known: dict[Right, int],
) -> Role:
    with force_locale(locale):
        name, description = str(template.name), str(template.description)
    role = Role(
        name=_free_name(session, name, company_id),
        description=description,
        template=template.key,
        follows=True,
        company_id=company_id,
    )
    session.add(role)
    session.flush()
    _give(session, role.id, template.rights(known), known)
    return role


def _free_name(session: Session, name: str, company_id: int | None) -> str:
    own = Role.company_id == company_id  # type: ignore[attr-defined]  # added to FAB's class
    taken = {fold(other) for other in session.scalars(select(Role.name).where(own))}
    tried = (name if n == 1 else f"{name} {n}" for n in itertools.count(1))
    return next(one for one in tried if fold(one) not in taken)


def _good_name(session: Session, name: str, but: int | None = None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(_("A role needs a name of at most 64 characters."), field="name")
    if fold(name) in RESERVED:
        raise Invalid(_("This name is reserved. Choose another."), field="name")
    own = Role.company_id.is_not(None)  # type: ignore[attr-defined]  # added to FAB's class
    for role_id, other in session.execute(select(Role.id, Role.name).where(own)):
        if role_id != but and fold(other) == fold(name):
            raise Invalid(_("There is a role of this name already."), field="name")
    return name


def _take_version(session: Session, role: Role, version: int) -> None:
    present = session.scalar(
        select(Role.version)  # type: ignore[attr-defined]
        .where(Role.id == role.id)
        .with_for_update()
    )
    if present is None:
        raise NotFound
    if present != version:
        raise Conflict(_("Somebody else has changed this role meanwhile. Look at it again."))
    role.version = version + 1


def _give(
    session: Session, role_id: int, rights: Collection[Right], known: dict[Right, int] | None = None
) -> None:
    if not rights:
        return
    ids = _ids(session, rights, known)
    rows: list[dict[str, Any]] = [{"role_id": role_id, "permission_view_id": pv} for pv in ids]
    session.execute(insert(role_rights), rows)


def _take(
    session: Session, role_id: int, rights: Collection[Right], known: dict[Right, int] | None = None
) -> None:
    if not rights:
        return
    session.execute(
        delete(role_rights).where(
            role_rights.c.role_id == role_id,
            role_rights.c.permission_view_id.in_(_ids(session, rights, known)),
        )
    )


def _ids(session: Session, rights: Collection[Right], known: dict[Right, int] | None) -> list[int]:
    known = known_rights(session) if known is None else known
    unknown = [right for right in rights if right not in known]
    if unknown:
        raise NotFound(_("There is no right “%(right)s”.", right=" ".join(unknown[0])))
    return sorted(known[right] for right in rights)
