"""What became of one attempt to hand over a message, in the same words for every channel."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """The four honest answers. Only UNCERTAIN must never be retried without a decision."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"


class SendStage(StrEnum):
    """Where in the conversation the answer was given."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    HTTP = "http"


class Effect(StrEnum):
    """What the answer says beyond this one message."""

    NONE = ""
    MARK_ADDRESS = "mark_address"
    SUPPRESS = "suppress"
    PAUSE_PROVIDER = "pause_provider"
    FALL_BACK = "fall_back"


class SendResult(NamedTuple):
    """One attempt's result. `code` is the provider's own number, 0 when none was given."""

    outcome: Outcome
    code: int = 0
    text: str = ""
    stage: SendStage = SendStage.BODY
    provider_id: str = ""
    effect: Effect = Effect.NONE
    segments: int = 0


def by_smtp_code(code: int) -> Outcome:
    """Return the outcome of a reply: always certain, also to the final dot (RFC 5321 4.2.1)."""
    if 200 <= code < 300:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if code >= 500 else Outcome.DEFERRED


_DEAD_MAILBOX = {550, 551, 553}


def effect_of_smtp(code: int, text: str, stage: SendStage) -> Effect:
    """Say whether a refusal means that the mailbox does not exist, rather than that we may not."""
    gone = stage is SendStage.RCPT and code in _DEAD_MAILBOX and "5.7." not in text
    return Effect.MARK_ADDRESS if gone else Effect.NONE
