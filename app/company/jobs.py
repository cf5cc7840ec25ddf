"""What the company's people wait for: their invitation by mail."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.company.models import Invitation
from app.kit import clock
from app.kit.account_mail import can_deliver, deliver
from app.kit.errors import Conflict
from app.kit.jobs import job
from app.kit.jobs.checkpoints import progress
from app.kit.security.addresses import public_url
from app.kit.security.auth_functions import hash_of, new_token


@job(attempts=6)
def send_invitation(
    session: Session, invitation_id: int, who: str, company: str, locale: str
) -> None:
    """Make the link of an invitation and mail it; nothing for one that is no longer open.

    The link is made here so that it stands nowhere else: what is kept is its hash. Tried again, a
    new one takes its place.
    """
    if not can_deliver():
        # Taken away since the wish: the link must not end in a log either.
        raise Conflict(_("No mail server is set up, so nothing was sent. Invite again."))
    token = new_token()
    address = session.scalar(
        update(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .values(token_hash=hash_of(token))
        .returning(Invitation.email)
    )
    # Committed first: who reads the mail at once finds the link working, and a mail server that
    # hangs holds up nobody who withdraws the invitation.
    progress(session)
    if address is not None:
        with force_locale(locale):
            deliver(address, **_words(who, company, token))


def _words(who: str, company: str, token: str) -> dict[str, Any]:
    text = _(
        "Hello,\n\n%(who)s invites you to work for %(company)s in Tresen. Open this link to set"
        " your name and password. It works once, for seven days:\n\n%(address)s",
        who=who,
        company=company,
        address=public_url("SignInView.invitation", token=token),
    )
    return {"subject": _("Invitation to %(company)s", company=company), "text": text}
