"""Signing in, by page and API alike: counted first, compared in even time, then opened."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy.orm import Session

from app.kit.errors import CrmError
from app.kit.security import doors
from app.kit.security.passwords import is_password

log = logging.getLogger(__name__)

LONGEST_LOGIN = 320


class WrongPassword(CrmError):
    """Address and password do not belong together."""

    status = 401

    def __init__(self, tries_left: int) -> None:
        if tries_left > 0:
            super().__init__(
                lazy_ngettext(
                    "This email and password do not belong together."
                    " You can try %(num)d more time.",
                    "This email and password do not belong together."
                    " You can try %(num)d more times.",
                    tries_left,
                )
            )
        else:
            super().__init__(
                _l(
                    "This email and password do not belong together."
                    " You can try again in 15 minutes."
                )
            )


class TooManyTries(CrmError):
    """Nobody looks at the password any more for now."""

    status = 429
    default_message = _l("There were too many tries. You can try again in 15 minutes.")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: the token goes to the browser and is kept nowhere."""

    token: str
    session_id: int
    user_id: int
    membership_id: int | None
    memberships: int
    locale: str | None


def check(login: str, password: str, *, network: str) -> Any:
    """Return the person's row. Raises WrongPassword, for an unknown address too, or TooManyTries.

    The attempt is counted and committed before the password is compared: a hundred guesses at
    once are a hundred guesses.
    """
    with doors.opened() as door:
        row = doors.try_sign_in(door, _plain(login), network)
    if row.tries_left < 0:
        log.warning("Sign-in refused: too many tries from %s", network)
        raise TooManyTries
    opens = row.active and not _is_demo_in_production(login)
    if not is_password(row.password if opens else None, password):
        raise WrongPassword(row.tries_left)
    return row


def _is_demo_in_production(login: str) -> bool:
    # Everybody knows the demo's password: a database that began as a demo must not open by it.
    production = current_app.config["CRM"].production
    return bool(production) and _plain(login).lower().endswith("@demo.example")


def open_session(door: Session, row: Any, *, login: str, kind: str, stays: bool) -> SignedIn:
    """Begin a session after the right password. Raises WrongPassword when deactivated."""
    token = doors.new_token()
    made = doors.open_session(
        door,
        row.user_id,
        doors.hash_of(token),
        login=_plain(login),
        kind=kind,
        stays=stays,
        network=network(),
        agent=request.user_agent.string if has_request_context() else "",
    )
    if made is None:
        raise WrongPassword(0)
    return SignedIn(
        token, made.session_id, row.user_id, made.membership_id, made.memberships, row.locale
    )


def sign_in(login: str, password: str, *, kind: str = "browser", stays: bool = False) -> SignedIn:
    """Check and begin a session. Raises WrongPassword or TooManyTries."""
    row = check(login, password, network=network())
    with doors.opened() as door:
        return open_session(door, row, login=login, kind=kind, stays=stays)


def _plain(login: str) -> str:
    """Return the address as it can be asked for: programs send anything, and at any length."""
    return login.replace("\0", "").strip().encode(errors="replace").decode()[:LONGEST_LOGIN]


def network() -> str:
    """Return the caller's address; of IPv6 its /64, which is what one caller has."""
    return _network_of(request.remote_addr or "") if has_request_context() else ""


def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a socket without an address
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(found), 64), strict=False).network_address)
        found = found.ipv4_mapped
    return str(found)
