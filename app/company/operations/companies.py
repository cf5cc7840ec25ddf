"""Companies and people from nothing: command line, demo, later the superuser and sign-up.

Nothing here asks what the caller may do: whoever commands the machine may do everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.company.choices import Locale
from app.company.models import Company, Membership, Person, membership_role, membership_store
from app.company.operations.privileges import somebody_in_charge
from app.company.operations.role_templates import ADMINISTRATOR, template
from app.company.operations.roles import seed_roles, whole_role
from app.company.operations.stores import check_place
from app.company.queries import roles
from app.kit.database.session import restamp, work
from app.kit.database.stamp import Role as DatabaseRole
from app.kit.database.stamp import Stamp, company_stamp, stamped
from app.kit.errors import Invalid, NotFound
from app.kit.fold import fold
from app.kit.security import auth_functions
from app.kit.security.models import Role
from app.kit.security.passwords import hash_password

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def found_company(
    slug: str,
    *,
    name: str = "",
    currency: str = "EUR",
    country: str = "DE",
    zone: str = "Europe/Berlin",
    locale: str = "en",
) -> int:
    """Make a company with the roles of the templates, in a transaction of its own; give its id."""
    with work(Stamp(DatabaseRole.AUTH)) as session:
        made = auth_functions.create_company(
            session,
            slug,
            name or slug.replace("-", " ").title(),
            currency=currency,
            country=country,
            zone=zone,
            locale=locale,
        )
        stamp = company_stamp(made)
        restamp(session, stamp)
        with stamped(stamp):
            seed_roles(session, made, locale=locale)
    return made


def add_person(
    session: Session,
    email: str,
    *,
    first: str,
    last: str,
    password: str | None = None,
    locale: str = "en",
) -> int:
    """Make a person if there is none with that address; give the user's id."""
    with auth_functions.through(session) as door:
        known = auth_functions.user_by_email(door, email)
        if known is not None:
            return known
        return auth_functions.create_user(
            door,
            email,
            first=first,
            last=last,
            password_hash=None if password is None else hash_password(password),
            locale=locale,
        )


def add_member(
    session: Session,
    user_id: int,
    *,
    role_ids: Collection[int] = (),
    store_ids: Collection[int] | None = None,
    employee_id: int | None = None,
) -> int:
    """Give a person a place in the stamped company; return the membership's id.

    For the demo and the command line, which answer to nobody's rights: people use `invite`.
    """
    company_id = session.scalar(text("select crm_company()"))
    with auth_functions.through(session) as door:
        made = auth_functions.add_membership(
            door, company_id, user_id, all_stores=store_ids is None, employee_id=employee_id
        )
    if role_ids:
        session.execute(
            insert(membership_role),
            [{"membership_id": made, "role_id": one} for one in sorted(role_ids)],
        )
    if store_ids:
        session.execute(
            insert(membership_store),
            [{"membership_id": made, "store_id": one} for one in sorted(store_ids)],
        )
    return made


def check_new_company(
    slug: str, *, name: str, currency: str, country: str, zone: str, locale: str
) -> None:
    """Raise Invalid for values that a company could not begin with."""
    if not _SLUG.fullmatch(slug):
        raise Invalid("The short name of a company is of small letters, digits and hyphens.")
    if locale not in set(Locale):
        raise Invalid(f"There is no language “{locale}”: {', '.join(Locale)}.")
    made = Company(name=name, currency=currency, country=country, time_zone=zone)
    check_place(made)
    if (made.currency, made.country, made.time_zone) != (currency, country, zone):
        raise Invalid(f"Write {made.currency}, {made.country} and {made.time_zone}.")


def role_named(session: Session, name: str) -> Role:
    """Return the company's role by a template's key or by its name. Raises NotFound.

    An owner's or administrator's holds all that the template does, whatever was made of the first.
    """
    found = template(name)
    if found is not None and found.gives == ADMINISTRATOR.gives:
        return whole_role(session, found)
    there = roles(session)
    for role in there:
        if name == role.template or fold(role.name) == fold(name):
            return role
    known = ", ".join(sorted(role.template or role.name for role in there))
    raise NotFound(f"There is no role “{name}”. There are: {known}.")


def member_by_email(session: Session, address: str) -> int | None:
    """Return the membership of the person with that address, one that was closed too."""
    query = select(Membership.id).join(Membership.person).where(Person.email == address)
    return session.scalar(query)


def open_place(session: Session, member_id: int, role: Role) -> None:
    """Give a membership the role; one that was closed is open again.

    Who gets a role of the whole company sees all its stores.
    """
    with somebody_in_charge(session):
        member = session.get_one(Membership, member_id)
        known = template(role.template or "")
        member.active, member.archived_at = True, None
        if known is not None and known.all_stores:
            member.all_stores = True
        session.execute(
            postgresql.insert(membership_role)
            .values(membership_id=member_id, role_id=role.id)
            .on_conflict_do_nothing()
        )


def names_around(session: Session, address: str) -> list[str]:
    """Return what a password of this person must not be made of: their names, the company's."""
    person = session.scalars(select(Person).where(Person.email == address)).one()
    company = session.scalars(select(Company)).one()
    return [person.first_name, person.last_name, company.name, company.slug]
