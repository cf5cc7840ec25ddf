"""The doors before a company is known: each calls one function of the schema `auth`.

The session is stamped crm_auth: `opened()` gives one of its own, `through(session)` changes the
stamp of an open transaction for a block (the demo, the command line, tests).
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.access import Right
from app.kit.database.session import under, work
from app.kit.database.stamp import Role, Stamp, current_stamp

_READER = text("select * from auth.reader(:token, :session, :membership, :idle, :oldest, :at)")
_STORES = text("select auth.stores(:membership)")
_RIGHTS = text("select permission, view from auth.rights(:user, :membership)")
_TRY = text("select * from auth.try_sign_in(:login, :network, :device, :at)")
_FORGIVE = text("select auth.forgive(:login, :network, :device)")
_OPEN = text(
    "select * from auth.open_session(:user, :membership, :token, :kind, :stays, :network, :agent,"
    " :idle, :oldest, :at)"
)
_MEMBERSHIPS = text("select * from auth.memberships(:session)")
_CHOOSE = text("select auth.choose(:session, :membership)")
_END = text("select auth.end_session(:session, :at)")
_ASK_RESET = text("select auth.ask_reset(:email, :network, :at)")
_BEGIN_RESET = text("select * from auth.begin_reset(:email, :token, :at, :until)")
_RESET_FOR = text("select * from auth.reset_for(:token, :at)")
_RESET = text("select auth.reset_password(:token, :password, :at)")
_CHANGE_PASSWORD = text("select auth.change_password(:session, :password, :at)")
_CHANGE_PROFILE = text("select auth.change_profile(:session, :first, :last, :locale, :zone)")
_INVITED = text("select * from auth.invited(:token, :at)")
_ACCEPT = text(
    "select * from auth.accept_invitation(:token, :session, :first, :last, :password, :locale, :at)"
)
_KEY = text("select * from auth.api_key(:hash, :idle, :at)")
_LIVE_KEY = text("select * from auth.live_key(:key, :idle, :at)")


@dataclass(frozen=True, slots=True)
class Lives:
    """How long sessions live without a click (idle) and at most (oldest), as configured.

    Each of a browser that forgets, and of one that stays signed in (a program's with a refresh
    token is one). `key_idle` is after how long an unused API key opens nothing; None is never.
    """

    idle: tuple[timedelta, timedelta] = (timedelta(hours=12), timedelta(days=30))
    oldest: tuple[timedelta, timedelta] = (timedelta(days=7), timedelta(days=90))
    key_idle: timedelta | None = None

    def values(self) -> dict[str, Any]:
        """Return them as the functions of the schema `auth` ask for them."""
        return {"idle": list(self.idle), "oldest": list(self.oldest)}


_lives = Lives()


def use_lives(lives: Lives) -> None:
    """Set how long sessions and keys live in this process."""
    global _lives  # noqa: PLW0603 -- one configuration a process; set once when it starts
    _lives = lives


def new_token() -> str:
    """Return 256 random bits, to be put into a cookie or a link; only their hash is kept."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what is kept of a token: plain SHA-256, as 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def opened(request_id: str = "") -> AbstractContextManager[Session]:
    """Open a short transaction of its own as crm_auth; it commits at the end of the block."""
    return work(Stamp(Role.AUTH, request_id=request_id))


def through(session: Session) -> AbstractContextManager[Session]:
    """Stamp the open transaction crm_auth for the block, keeping company and user."""
    now = session.info.get("stamp") or current_stamp() or Stamp(Role.AUTH)
    return under(session, Stamp(Role.AUTH, now.company_id, (), now.user_id, now.request_id))


def _one(door: Session, query: TextClause, **values: Any) -> Any:
    return door.execute(query, values).one_or_none()


def reader(
    door: Session,
    *,
    token_hash: str | None = None,
    session_id: int | None = None,
    membership_id: int | None = None,
) -> Any:
    """Return the row of `auth.reader` for a token, a session or a membership; None when over."""
    return _one(
        door,
        _READER,
        token=token_hash,
        session=session_id,
        membership=membership_id,
        at=clock.now(),
        **_lives.values(),
    )


def stores(door: Session, membership_id: int) -> tuple[int, ...]:
    """Return all stores of the membership's company."""
    return tuple(door.execute(_STORES, {"membership": membership_id}).scalar_one())


def rights(door: Session, user_id: int, membership_id: int | None) -> frozenset[Right]:
    """Return what a membership's roles allow; without one, what the installation's roles allow."""
    rows = door.execute(_RIGHTS, {"user": user_id, "membership": membership_id})
    return frozenset((row.permission.removeprefix("can_"), row.view) for row in rows)


def try_sign_in(door: Session, login: str, network: str, device: str = "") -> Any:
    """Count an attempt and give (user_id, password, active, email, locale, tries_left).

    `device` is the name of one from which the account was signed in before, empty for an unknown
    one. `tries_left` is what remains if this one fails; below 0 the attempt itself is refused.
    """
    values = {"login": login, "network": network, "device": device, "at": clock.now()}
    return _one(door, _TRY, **values)


def forgive(door: Session, login: str, network: str, device: str = "") -> None:
    """Take back what `try_sign_in` counted: the password was right."""
    door.execute(_FORGIVE, {"login": login, "network": network, "device": device})


def places(door: Session, user_id: int) -> list[Any]:
    """Return where a person may work: (membership_id, slug, company_name), by name."""
    return list(door.execute(text("select * from auth.places(:user)"), {"user": user_id}))


def open_session(
    door: Session,
    user_id: int,
    token_hash: str,
    *,
    membership_id: int | None = None,
    kind: str = "browser",
    stays: bool = False,
    network: str = "",
    agent: str = "",
) -> Any:
    """Begin a session: (session_id, membership_id, memberships), None for a deactivated user.

    Without a membership it is where the person was last, or their only one.
    """
    return _one(
        door,
        _OPEN,
        user=user_id,
        membership=membership_id,
        token=token_hash,
        kind=kind,
        stays=stays,
        network=network,
        agent=agent,
        at=clock.now(),
        **_lives.values(),
    )


def memberships(door: Session, session_id: int) -> list[Any]:
    """Return where the session's user may work: (membership_id, company_name, current).

    Without a membership: as the installation's administrator.
    """
    return list(door.execute(_MEMBERSHIPS, {"session": session_id}))


def choose(door: Session, session_id: int, membership_id: int | None) -> bool:
    """Let the session work in that company from now on; False when it is not the user's."""
    return bool(door.scalar(_CHOOSE, {"session": session_id, "membership": membership_id}))


def end_session(door: Session, session_id: int) -> None:
    """End a session."""
    door.execute(_END, {"session": session_id, "at": clock.now()})


def own_sessions(door: Session, session_id: int) -> list[Any]:
    """Return where the session's user is signed in, in every company, last seen first."""
    values = {"session": session_id, "at": clock.now()}
    return list(door.execute(text("select * from auth.own_sessions(:session, :at)"), values))


def end_own(door: Session, session_id: int, other: int) -> bool:
    """End another session of the same user; False when it is nobody's or somebody else's."""
    values = {"session": session_id, "other": other, "at": clock.now()}
    return bool(door.scalar(text("select auth.end_own(:session, :other, :at)"), values))


def ask_reset(door: Session, email: str, network: str) -> bool:
    """Count a wish for a reset link, of a known address or not; False when there were too many."""
    values = {"email": email, "network": network, "at": clock.now()}
    return bool(door.scalar(_ASK_RESET, values))


def begin_reset(door: Session, email: str, token_hash: str, until: datetime) -> Any:
    """Keep a reset link for that address: (first_name, email, locale); None for nobody's."""
    values = {"email": email, "token": token_hash, "at": clock.now(), "until": until}
    return _one(door, _BEGIN_RESET, **values)


def reset_for(door: Session, token_hash: str) -> Any:
    """Whose password the link resets: (email, first_name, last_name, companies); None when over."""
    return _one(door, _RESET_FOR, token=token_hash, at=clock.now())


def reset_password(door: Session, token_hash: str, password_hash: str) -> str | None:
    """Set the password once, end every session, give the address; None when it is over."""
    values = {"token": token_hash, "password": password_hash, "at": clock.now()}
    found: str | None = door.scalar(_RESET, values)
    return found


def change_password(door: Session, session_id: int, password_hash: str) -> bool:
    """Set the password of the session's user and end their other sessions."""
    values = {"session": session_id, "password": password_hash, "at": clock.now()}
    return bool(door.scalar(_CHANGE_PASSWORD, values))


def change_profile(
    door: Session, session_id: int, *, first: str, last: str, locale: str | None, zone: str | None
) -> bool:
    """Change name, language and zone of the session's user."""
    values = {"session": session_id, "first": first, "last": last, "locale": locale, "zone": zone}
    return bool(door.scalar(_CHANGE_PROFILE, values))


def invited(door: Session, token_hash: str) -> Any:
    """Return what an open invitation offers: (email, company_name, known, locale), else None."""
    return _one(door, _INVITED, token=token_hash, at=clock.now())


def accept_invitation(
    door: Session,
    token_hash: str,
    *,
    session_id: int | None = None,
    first: str = "",
    last: str = "",
    password_hash: str | None = None,
    locale: str | None = None,
) -> Any:
    """Use an invitation once: (user_id, membership_id), None when it is used or over."""
    return _one(
        door,
        _ACCEPT,
        token=token_hash,
        session=session_id,
        first=first,
        last=last,
        password=password_hash,
        locale=locale,
        at=clock.now(),
    )


def api_key(door: Session, key_hash: str) -> Any:
    """Return whose key this is: (api_key_id, membership_id, scopes); None when it is over."""
    return _one(door, _KEY, hash=key_hash, idle=_lives.key_idle, at=clock.now())


def live_key(door: Session, api_key_id: int) -> Any:
    """Return the same for a key whose work goes on; asking is no use of it."""
    return _one(door, _LIVE_KEY, key=api_key_id, idle=_lives.key_idle, at=clock.now())


# Making people, companies and memberships: the demo, the command line, the superuser.


def create_user(
    door: Session,
    email: str,
    *,
    first: str,
    last: str,
    password_hash: str | None,
    locale: str = "en",
) -> int:
    """Make a person and give the id."""
    made: int = door.scalar(
        text("select auth.create_user(:email, :first, :last, :password, :locale)"),
        {"email": email, "first": first, "last": last, "password": password_hash, "locale": locale},
    )
    return made


def user_by_email(door: Session, email: str) -> int | None:
    """Return the id of the person with that address."""
    found: int | None = door.scalar(text("select auth.user_by_email(:email)"), {"email": email})
    return found


def create_company(
    door: Session,
    slug: str,
    name: str,
    *,
    currency: str = "EUR",
    country: str = "DE",
    zone: str = "Europe/Berlin",
    locale: str = "en",
) -> int:
    """Make a company and give the id; its roles are made by `seed_roles`."""
    made: int = door.scalar(
        text("select auth.create_company(:slug, :name, :currency, :country, :zone, :locale)"),
        {
            "slug": slug,
            "name": name,
            "currency": currency,
            "country": country,
            "zone": zone,
            "locale": locale,
        },
    )
    return made


def add_membership(
    door: Session,
    company_id: int,
    user_id: int,
    *,
    all_stores: bool = True,
    employee_id: int | None = None,
) -> int:
    """Give a person a place in a company; roles and stores come by `set_roles` and `set_stores`."""
    made: int = door.scalar(
        text("select auth.add_membership(:company, :user, :all_stores, :employee)"),
        {
            "company": company_id,
            "user": user_id,
            "all_stores": all_stores,
            "employee": employee_id,
        },
    )
    return made


def note_access(door: Session, membership_id: int, what: str) -> None:
    """Note in the audit trail what was done about a member's way in."""
    door.execute(
        text("select auth.note_access(:membership, :what)"),
        {"membership": membership_id, "what": what},
    )


def appoint_superuser(door: Session, user_id: int) -> bool:
    """Make a person an administrator of the installation; False before the first deploy."""
    return bool(door.scalar(text("select auth.appoint_superuser(:user)"), {"user": user_id}))
