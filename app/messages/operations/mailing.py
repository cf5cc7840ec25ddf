"""Mails of the house to one person: invitations, new passwords. The kit's `deliver` ends here."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import replace
from email.utils import parseaddr

from flask import current_app
from markupsafe import escape
from sqlalchemy import ColumnElement, and_

from app.kit import account_mail
from app.kit.texts import one_line
from app.messages.engine.addresses import mail_path
from app.messages.engine.mime import FromAddress, MailSkeleton
from app.messages.engine.outcomes import Outcome, SendResult
from app.messages.engine.smtp import Outgoing, SmtpPool, SmtpUrl, Timeouts, outgoing
from app.messages.models import MessageTemplateVersion
from app.messages.queries.routes import Installation

log = logging.getLogger(__name__)

# The wording under which earlier versions stored invitations.
_SUBJECT, _BODY = "{{ subject }}", "{{ text }}"
_HTML = '<div style="white-space: pre-line">{{ text }}</div>'
# A transaction of a job must not wait for a mail server that hangs.
_PATIENCE = Timeouts(connect=10, command=15, data=15, end=15)


def of_the_house() -> ColumnElement[bool]:
    """Return the condition on a wording that it is that of invitations, as they once were stored.

    By its text and not by the template's name, which staff may change.
    """
    version = MessageTemplateVersion
    return and_(version.subject == _SUBJECT, version.body == _BODY, version.html == _HTML)


def has_relay() -> bool:
    """Say whether the installation names a mail server."""
    return bool(current_app.config["CRM"].smtp_url)


def deliver_mail(to: str, subject: str, text: str) -> None:
    """Send one mail by the installation's own mail server and wait for its answer.

    Nothing of it is stored. Without SMTP_URL it goes to the log of an installation that is not in
    production, and nowhere else. Raises OSError when the server cannot take it now.
    """
    config = current_app.config["CRM"]
    if config.smtp_url:
        _deliver(config, to, subject, text)
    elif config.production:
        log.error("A mail to %s could not be sent: set SMTP_URL, the mail server.", to)
    else:
        log.warning("Not sent, SMTP_URL is not set. To %s: %s\n%s", to, subject, text)


def _deliver(config: Installation, to: str, subject: str, text: str) -> None:
    url = replace(SmtpUrl.parse(config.smtp_url or "", trusted=True), connections=1)
    result = asyncio.run(_handed_over(url, _message(config, to, subject, text)))
    if result.outcome is Outcome.REFUSED:
        log.error("The mail server refuses mails to %s: %s", to, result.text)
    elif result.outcome is not Outcome.ACCEPTED:
        raise OSError(f"The mail server did not take a mail: {result.text}")


def _message(config: Installation, to: str, subject: str, text: str) -> Outgoing:
    name, address = parseaddr(config.mail_from)
    path = mail_path(to)
    raw = MailSkeleton(FromAddress(address, name), domain=address.rpartition("@")[2]).build(
        to=path,
        # The company's name is in it.
        subject=one_line(subject),
        text=text,
        html=_HTML.replace("{{ text }}", str(escape(text))),
        message_id=secrets.token_hex(12),
    )
    return outgoing(0, mail_path(address), path, raw, fit=True)


async def _handed_over(url: SmtpUrl, message: Outgoing) -> SendResult:
    answers: list[SendResult] = []
    async with SmtpPool(
        url, lambda _one: None, lambda _one, answer: answers.append(answer), _PATIENCE
    ) as pool:
        pool.put(message)
    return answers[0]


SENDER = account_mail.Sender(has_relay, deliver_mail)
