"""What the walk is told about people, their invitations and keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.models import ApiKey, Invitation, Membership, UserSession, membership_role
from app.company.screens.keys import ApiKeyScreen
from app.company.screens.members import InvitationScreen, MembershipScreen
from app.kit import clock
from app.kit.jobs.models import Job
from app.kit.security import auth_functions
from app.kit.security.models import Role
from tests.company.factories import make_membership, make_role
from tests.factories import number
from tests.screens.declaring import On, Page, Told


def _invitation(session: Session) -> Invitation:
    n = number()
    made = Invitation(
        email=f"walked{n}@example.com",
        token_hash=f"{n:064}",
        role_ids=[make_role(session).id],
        sent_at=clock.now(),
        expires_at=clock.now() + timedelta(days=7),
    )
    session.add(made)
    session.flush()
    return made


def _key(session: Session) -> ApiKey:
    n = number()
    made = ApiKey(
        name=f"Key {n}",
        prefix="tk_abcdef",
        key_hash=f"{n:064}",
        scopes=["read Client"],
        membership_id=make_membership(session).id,
    )
    session.add(made)
    session.flush()
    return made


def _let_out(session: Session) -> Membership:
    member = make_membership(session)
    member.active = False
    session.flush()
    return member


def _signed_in(session: Session) -> Membership:
    member = make_membership(session)
    session.flush()
    with auth_functions.through(session) as door:
        auth_functions.open_session(
            door, member.user_id, f"{number():064}", membership_id=member.id
        )
    return member


def _session_of(session: Session, member: Membership) -> int:
    asked = select(UserSession.id).where(UserSession.membership_id == member.id)
    return int(session.scalars(asked).one())


def _roles(session: Session, _member: Membership) -> Mapping[str, Any]:
    role = session.scalars(select(Role.id).order_by(Role.id.desc()).limit(1)).one()
    return {"roles": [role]}


def _with_a_role_to_give(session: Session) -> Membership:
    make_role(session)
    return make_membership(session)


def _invited(session: Session) -> Mapping[str, Any]:
    return {"email": _free_address(), "roles": make_role(session).id, "scope": "all"}


def _offered(session: Session) -> Mapping[str, Any]:
    return {"email": _free_address(), "roles": [make_role(session).id]}


def _free_address() -> str:
    return f"walked{number()}@example.com"


WALK = {
    MembershipScreen: Told(
        does={
            "deactivate": make_membership,
            "reactivate": _let_out,
            "send_reset": On(
                make_membership, writes=Job, again="a mail may be lost; they are limited by address"
            ),
            "sign_out": On(_signed_in, writes=UserSession),
            "roles": On(
                _with_a_role_to_give,
                told=_roles,
                page=lambda session, one: Page(
                    "roles/{pk}", {**_roles(session, one), "scope": "all"}
                ),
                writes=membership_role,
                again="the same roles again",
            ),
            "end": On(
                _signed_in,
                told=lambda session, one: {"session_id": _session_of(session, one)},
                page=lambda session, one: Page(f"end/{{pk}}/{_session_of(session, one)}"),
                writes=UserSession,
            ),
        },
        # Nobody is added without being asked.
        adds=_invited,
        makes=Invitation,
    ),
    InvitationScreen: Told(
        does={
            "resend": On(_invitation, again="a mail may be lost: the newest link alone works"),
            "revoke": _invitation,
        },
        adds=_invited,
        sends=_offered,
    ),
    ApiKeyScreen: Told(
        does={"revoke": _key},
        adds={"name": "Walked", "right": "read Client", "expires_on": "2027-01-31"},
    ),
}
