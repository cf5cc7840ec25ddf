"""Mails of the house to one person: invitations, new passwords.

The kit's `send_later` ends here.
"""

from __future__ import annotations

import logging

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit.database.stamp import current_stamp
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.models import MessageTemplate, MessageTemplateVersion
from app.messages.operations.sending import send_one
from app.messages.operations.templates import make_template, save_wording
from app.messages.queries.routes import route

log = logging.getLogger(__name__)

# Seen by staff in the list of templates, so it says what it is for.
NAME = "Tresen: accounts"
_HTML = '<div style="white-space: pre-line">{{ text }}</div>'


def send_mail(
    session: Session,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    *,
    secret: bool = False,
) -> None:
    """Store one mail in the caller's transaction.

    A `secret` one opens somebody's account: it is never put where staff can read it. Without a
    relay it goes to the log of an installation that is not in production, and nowhere else.
    """
    del html  # these mails are plain: the text is shown as it is
    config = current_app.config["CRM"]
    stamp = session.info.get("stamp") or current_stamp()
    nowhere = stamp is None or stamp.company_id is None
    if nowhere or (secret and route(session, MessageChannel.EMAIL, config).to_outbox):
        if config.production:
            log.error("A mail to %s could not be sent: no mail server is configured.", to)
        else:
            log.warning("Not sent, no mail server is configured. To %s: %s\n%s", to, subject, text)
        return
    send_one(session, _wording(session), to, values={"subject": subject, "text": text})


def _wording(session: Session) -> MessageTemplateVersion:
    found = session.scalars(
        select(MessageTemplateVersion)
        .join(MessageTemplateVersion.message_template)
        .where(MessageTemplate.name == NAME, MessageTemplate.channel == MessageChannel.EMAIL)
        .order_by(MessageTemplateVersion.number.desc())
        .limit(1)
    ).first()
    if found is not None:
        return found
    template = make_template(session, NAME, MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
    return save_wording(
        session,
        template,
        subject="{{ subject }}",
        body="{{ text }}",
        html=_HTML,
        variables=frozenset({"subject", "text"}),
    )
