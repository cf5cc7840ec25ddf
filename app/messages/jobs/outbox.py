"""The carrier of whoever has no relay: a message is kept for the outbox screen, and none leaves."""

from collections.abc import Callable
from typing import Any, Self

from app.messages.engine.outcomes import Outcome, SendResult
from app.messages.jobs.composing import OutboxDraft


class Outbox:
    """Takes every message and sends none: they become rows of the outbox screen."""

    down: SendResult | None = None
    failed: BaseException | None = None

    def __init__(self, result: Callable[[Any, SendResult], None]) -> None:
        self._result = result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Nothing is open."""

    def put(self, message: OutboxDraft) -> None:
        """Keep the message."""
        self._result(message, SendResult(Outcome.ACCEPTED))

    def withdraw(self) -> list[OutboxDraft]:
        """Return nothing: no message waits here."""
        return []
