"""Signing in, by page and API alike: counted first, compared in even time, then opened."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy.orm import Session

from app.kit.errors import CrmError, Invalid, Refused
from app.kit.security import auth_functions
from app.kit.security.devices import known_device
from app.kit.security.passwords import is_password
from app.kit.security.readers import resolve

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


class ChooseCompany(Invalid):
    """A program signs in for somebody of several companies, and did not say for which."""

    def __init__(self, places: Sequence[Any]) -> None:
        names = ", ".join(f"{one.slug} ({one.company_name})" for one in places)
        super().__init__(
            _("Say in “company” for which one you sign in: %(names)s.", names=names),
            field="company",
        )


class WorksNowhere(Refused):
    """The password was right, and no company is open to the person."""

    default_message = _l("No company is open to you. Ask whoever invited you.")


def check(login: str, password: str) -> Any:
    """Return the person's row. Raises WrongPassword, for an unknown address too, or TooManyTries.

    The attempt is counted and committed before the password is compared: a hundred guesses at
    once are a hundred guesses. Whoever was right is forgiven.
    """
    counted = (_plain(login), network(), known_device(_plain(login)))
    with auth_functions.opened() as door:
        row = auth_functions.try_sign_in(door, *counted)
    if row.tries_left < 0:
        log.warning("Sign-in refused: too many tries from %s", network())
        raise TooManyTries
    opens = row.active and not _is_demo_in_production(login)
    if not is_password(row.password if opens else None, password):
        raise WrongPassword(row.tries_left)
    with auth_functions.opened() as door:
        auth_functions.forgive(door, *counted)
    return row


def _is_demo_in_production(login: str) -> bool:
    # Everybody knows the demo's password: a database that began as a demo must not open by it.
    production = current_app.config["CRM"].production
    return bool(production) and _plain(login).lower().endswith("@demo.example")


def sign_in(login: str, password: str, *, stays: bool = False) -> SignedIn:
    """Check and begin a browser's session. Raises WrongPassword or TooManyTries."""
    row = check(login, password)
    with auth_functions.opened() as door:
        return _open_session(door, row, kind="browser", stays=stays)


def sign_in_program(login: str, password: str, *, company: str | None, stays: bool) -> SignedIn:
    """Check and begin a program's session in the company of that short name.

    Raises ChooseCompany for none, or one that is not the person's, where there are several, and
    WorksNowhere for a person whom no company lets in: their token would open nothing.
    """
    row = check(login, password)
    with auth_functions.opened() as door:
        places = auth_functions.places(door, row.user_id)
        chosen = [one for one in places if company is None or one.slug == company]
        if len(chosen) != 1 and (places or company is not None):
            raise ChooseCompany(places)
        place = chosen[0].membership_id if chosen else None
        made = _open_session(door, row, kind="api", stays=stays, membership_id=place)
        found = resolve(door, session_id=made.session_id)
        if found is None or not found.opens:
            raise WorksNowhere
        return made


def _open_session(
    door: Session, row: Any, *, kind: str, stays: bool, membership_id: int | None = None
) -> SignedIn:
    """Begin a session after the right password. Raises WrongPassword when deactivated."""
    token = auth_functions.new_token()
    made = auth_functions.open_session(
        door,
        row.user_id,
        auth_functions.hash_of(token),
        membership_id=membership_id,
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
