"""The seam to whatever sends mail: the kit and `company` need to write to people, `messages` can.

    send_later(session, "ann@example.com", subject, text, html)

stores the mail in the caller's transaction; it is sent after the commit and lost by a rollback.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session


class Sender(Protocol):
    """Stores one mail to one address; raises nothing for an address that cannot be reached."""

    def __call__(
        self,
        session: Session,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        *,
        secret: bool = False,
    ) -> None: ...


class NoSender(RuntimeError):
    """No part that can send mail has registered."""


_senders: list[Sender] = []


def use_sender(sender: Sender) -> None:
    """Let `sender` take the mails of this process."""
    _senders[:] = [sender]


def sender() -> Sender | None:
    """Return who takes the mails, to be put back by a test."""
    return _senders[0] if _senders else None


def send_later(
    session: Session,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    *,
    secret: bool = False,
) -> None:
    """Store a mail to be sent once the session has committed. Raises NoSender.

    `secret` says that who reads it can take over an account: no screen may show it.
    """
    if not _senders:
        raise NoSender("No part of the application sends mail: register one with use_sender().")
    _senders[0](session, to, subject, text, html, secret=secret)
