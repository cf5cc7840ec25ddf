"""Companies and people from nothing: command line, demo, later the superuser and sign-up."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.company.models import membership_role, membership_store
from app.company.operations.roles import seed_roles
from app.kit.database.session import restamp, work
from app.kit.database.stamp import Role as DatabaseRole
from app.kit.database.stamp import Stamp, company_stamp, stamped
from app.kit.security import doors
from app.kit.security.passwords import hash_password


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
        made = doors.create_company(
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
    with doors.through(session) as door:
        known = doors.user_by_email(door, email)
        if known is not None:
            return known
        return doors.create_user(
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
    with doors.through(session) as door:
        made = doors.add_membership(
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
