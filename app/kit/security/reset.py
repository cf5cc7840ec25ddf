"""Links for a forgotten password: asked for in a request, made and mailed by a job.

The request does the same for every address, so neither its answer nor its time tells who is known
here. The link is made by the job that mails it and stands nowhere else: what is kept is its hash.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.account_mail import deliver
from app.kit.database.session import under
from app.kit.database.stamp import Role, Stamp
from app.kit.jobs import defer, job
from app.kit.security import auth_functions
from app.kit.security.addresses import public_url

VALID_FOR = timedelta(hours=2)
_LONGEST_ADDRESS = 320


def ask(email: str, *, network: str) -> bool:
    """Have a link sent to `email` if a person has that address; False after too many wishes."""
    address = email.replace("\0", "").strip()[:_LONGEST_ADDRESS]
    with auth_functions.opened() as door:
        if not auth_functions.ask_reset(door, address, network):
            return False
        # Of no company: the mail is the person's own, and nobody's staff may see it.
        with under(door, Stamp(Role.SYSTEM)):
            defer(door, f"{__name__}.send_link", address, str(get_locale() or "en"))
    return True


@job(attempts=6)
def send_link(_session: Session, email: str, locale: str) -> None:
    """Make a link and mail it; nothing for an address that nobody has."""
    token = auth_functions.new_token()
    with auth_functions.opened() as door:
        until = clock.now() + VALID_FOR
        known = auth_functions.begin_reset(door, email, auth_functions.hash_of(token), until)
    if known is not None:
        with force_locale(known.locale or locale):
            deliver(known.email, _("Your new password for Tresen"), _words(known, token))


def _words(known: Any, token: str) -> str:
    return _(
        "Hello %(name)s,\n\nset a new password here. The link works once, for two hours:\n\n"
        "%(address)s\n\nIf you did not ask for this, do nothing: your password stays as it is.",
        name=known.first_name,
        address=public_url("SignInView.reset", token=token),
    )


def way() -> str:
    """Return what becomes of a link that was asked for, in a sentence that is true here."""
    config = current_app.config["CRM"]
    if config.smtp_url:
        return _("If this address is known here, a link is on its way. It works for two hours.")
    if config.production:
        return _("No mail server is set up here, so no link can be sent. Ask whoever runs Tresen.")
    return _(
        "No mail server is set up here, so nothing is sent. If this address is known here, the link"
        " stands in the log of the program."
    )
