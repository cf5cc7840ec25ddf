"""The seam to whatever delivers the mails that open a door: a new password, an invitation.

They go by the installation's own mail server, which no company can change, and are stored nowhere:
a job makes the link, keeps its hash and hands the mail over (see
docs/decisions/mails-that-open-a-door.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from app.kit.registry import Registry, sole


class Deliver(Protocol):
    """See `deliver`."""

    def __call__(self, to: str, subject: str, text: str) -> None: ...


class Sender(NamedTuple):
    """Who takes the mails of a process."""

    ready: Callable[[], bool]
    deliver: Deliver


class NoSender(RuntimeError):
    """No part that can send mail has registered."""


_senders: Registry[Sender] = Registry("sender of mail", key=sole)


def use_sender(sender: Sender) -> None:
    """Let `sender` take the mails of this process."""
    _senders.register(sender)


def sender() -> Sender:
    """Return who takes the mails. Raises NoSender."""
    found = _senders.only()
    if found is None:
        raise NoSender("No part of the application sends mail: register one with use_sender().")
    return found


def can_deliver() -> bool:
    """Say whether the installation has a mail server of its own."""
    return sender().ready()


def deliver(to: str, subject: str, text: str) -> None:
    """Send a mail at once by the installation's own mail server, which no company can change.

    Raises OSError when it does not take the mail now: a job tries again.
    """
    sender().deliver(to, subject, text)
