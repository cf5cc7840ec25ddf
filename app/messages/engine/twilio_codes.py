"""What Twilio's answers mean for us (campaigns.md 1.6)."""

from __future__ import annotations

from app.messages.engine.outcomes import Effect, Outcome, SendResult, SendStage

# The number itself is the trouble: no further message will reach it.
_DEAD_NUMBER = {21211, 21214, 21217, 21408, 21614, 30006, 63003}
_OPTED_OUT = {21610}
# Nothing can be sent at all until somebody sees to the account, its sender or its money.
_ACCOUNT = {
    20003,
    20005,
    20008,
    20404,
    21212,
    21603,
    21606,
    21612,
    21659,
    21660,
    21703,
    30002,
    63007,
}
_LATER = {20429, 21611, 30001, 63018, 63038}
_NOT_ON_WHATSAPP = {63024}


def by_response(status: int, code: int, text: str) -> SendResult:
    """Return the result of any answer but success. A 5xx came after the body: nobody knows."""
    if status >= 500:
        return SendResult(Outcome.UNCERTAIN, code or status, text, SendStage.HTTP)
    if status == 429 or code in _LATER:
        return SendResult(Outcome.DEFERRED, code or status, text, SendStage.HTTP)
    if status == 401 or code in _ACCOUNT:
        return SendResult(
            Outcome.DEFERRED, code or status, text, SendStage.HTTP, effect=Effect.PAUSE_PROVIDER
        )
    return SendResult(Outcome.REFUSED, code or status, text, SendStage.HTTP, effect=effect_of(code))


def effect_of(code: int) -> Effect:
    """Return what an error code, given at once or in a callback, says about the address."""
    if code in _OPTED_OUT:
        return Effect.SUPPRESS
    if code in _NOT_ON_WHATSAPP:
        return Effect.FALL_BACK
    return Effect.MARK_ADDRESS if code in _DEAD_NUMBER else Effect.NONE


# Callbacks come in any order; a status counts only when it ranks above what is known.
RANKS = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "undelivered": 6,
    "delivered": 7,
    "failed": 8,
    "canceled": 8,
    "read": 9,
}
