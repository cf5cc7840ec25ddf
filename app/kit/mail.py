"""The seam to whatever sends mail: the kit and `company` need to write to people, `messages` can.

    send_later(session, "ann@example.com", subject, text)

stores the mail in the caller's transaction; it is sent after the commit and lost by a rollback. It
goes by the company's mail server, which its administrators choose. What opens a person's account
must not: `deliver` sends it by the installation's own.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sqlalchemy.orm import Session


class Later(Protocol):
    """See `send_later`."""

    def __call__(
        self, session: Session, to: str, subject: str, text: str, *, private: bool = False
    ) -> bool: ...


class Deliver(Protocol):
    """See `deliver`."""

    def __call__(self, to: str, subject: str, text: str) -> None: ...


class Sender(NamedTuple):
    """Who takes the mails of a process."""

    later: Later
    deliver: Deliver


class NoSender(RuntimeError):
    """No part that can send mail has registered."""


_senders: list[Sender] = []


def use_sender(sender: Sender) -> None:
    """Let `sender` take the mails of this process."""
    _senders[:] = [sender]


def sender() -> Sender:
    """Return who takes the mails. Raises NoSender."""
    if not _senders:
        raise NoSender("No part of the application sends mail: register one with use_sender().")
    return _senders[0]


def send_later(
    session: Session, to: str, subject: str, text: str, *, private: bool = False
) -> bool:
    """Store a mail to be sent once the session has committed.

    A `private` one opens a door to whoever reads it: where no mail server is set up it is kept
    nowhere, and False is returned.
    """
    return sender().later(session, to, subject, text, private=private)


def deliver(to: str, subject: str, text: str) -> None:
    """Send a mail at once by the installation's own mail server, which no company can change.

    Raises OSError when it does not take the mail now: a job tries again.
    """
    sender().deliver(to, subject, text)
