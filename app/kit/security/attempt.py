"""Signing in, by page and API alike: counted first, compared in even time, then opened."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import g, has_request_context, request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy.orm import Session

from app.kit.errors import CrmError
from app.kit.security import doors
from app.kit.security.passwords import is_password

log = logging.getLogger(__name__)


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
        row = doors.try_sign_in(door, login.strip(), network)
    if row.tries_left < 0:
        log.warning("Sign-in refused: too many tries from %s", network)
        raise TooManyTries
    if not is_password(row.password if row.active else None, password):
        raise WrongPassword(row.tries_left)
    return row


def open_session(door: Session, row: Any, *, login: str, kind: str, stays: bool) -> SignedIn:
    """Begin a session after the right password. Raises WrongPassword when deactivated."""
    token = doors.new_token()
    made = doors.open_session(
        door,
        row.user_id,
        doors.hash_of(token),
        login=login.strip(),
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


def network() -> str:
    """Return the caller's address; of IPv6 its /64, which is what one caller has."""
    address = (request.remote_addr or "") if has_request_context() else ""
    if ":" in address:
        address = ":".join(address.split("%")[0].split(":")[:4])
    if has_request_context():
        g.network = address
    return address
