"""`make_*` for people, roles and companies; places and staff are in `tests/factories.py`.

The session is stamped for the company that gets the record; nothing is committed.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.company.models import Membership
from app.company.operations import add_member, add_person, seed_roles
from app.company.queries import known_rights
from app.kit.access import Reader, Right
from app.kit.security import auth_functions
from app.kit.security.models import Role, role_rights
from app.kit.security.readers import resolve
from tests.factories import make_employee, make_franchise, make_store

__all__ = [
    "make_company",
    "make_employee",
    "make_franchise",
    "make_membership",
    "make_reader",
    "make_role",
    "make_store",
    "make_user",
]

_numbers = count(1)
PASSWORD = "eine-lange-Leine-7"


def make_company(session: Session, slug: str = "") -> int:
    """A company with the roles of the templates; its id."""
    slug = slug or f"company-{next(_numbers)}"
    with auth_functions.through(session) as door:
        return auth_functions.create_company(door, slug, slug.title())


def make_user(session: Session, email: str = "", *, password: str | None = None) -> int:
    """A person; the id of the user."""
    number = next(_numbers)
    return add_person(
        session,
        email or f"person{number}@example.com",
        first="Ada",
        last=f"Person{number}",
        password=password,
    )


def make_role(session: Session, rights: Collection[Right] = (), *, name: str = "") -> Role:
    """A role of the stamped company with exactly these rights."""
    role = Role(name=name or f"Role {next(_numbers)}")
    session.add(role)
    session.flush()
    known = known_rights(session)
    rows = [{"role_id": role.id, "permission_view_id": known[right]} for right in rights]
    if rows:
        # One statement: after each one the database looks whether somebody is left who may do all.
        session.execute(insert(role_rights).values(rows))
    return role


def make_membership(
    session: Session,
    *roles: Role | str,
    user_id: int | None = None,
    store_ids: Collection[int] | None = None,
    email: str = "",
    password: str | None = None,
) -> Membership:
    """A place in the stamped company with these roles (a name is that of a template)."""
    if any(isinstance(role, str) for role in roles):
        company_id = session.scalar(text("select crm_company()"))
        templates = seed_roles(session, int(company_id or 0))
    ids = [templates[one].id if isinstance(one, str) else one.id for one in roles]
    user = user_id or make_user(session, email, password=password)
    made = add_member(session, user, role_ids=ids, store_ids=store_ids)
    return session.get_one(Membership, made)


def make_reader(session: Session, membership: Membership) -> Reader:
    """Who signs in with that membership."""
    session.flush()
    with auth_functions.through(session) as door:
        found = resolve(door, membership_id=membership.id)
    assert found is not None
    return found
