"""How much at once, and how fast."""

from __future__ import annotations

import asyncio
import time

from app.messages.jobs.composing import Plan
from app.messages.jobs.recording import Terms


def sizes(plan: Plan, terms: Terms) -> tuple[int, int]:
    """Return how many are asked for at once, and how many may be on their way.

    What is slow is asked for little by little, so that consent is asked shortly before: a text
    message is a request, and a limit may stretch a hundred messages over minutes.
    """
    chunk, window = terms.chunk, terms.window
    if plan.route.account is not None:
        chunk, window = min(chunk, 20), min(window, 60)
    if plan.rate_cap:
        chunk = min(chunk, 2 * plan.rate_cap)
    return chunk, window


class Pace:
    """Spreads messages evenly when a sending has a limit per second."""

    def __init__(self, per_second: int | None) -> None:
        self._usual = self._step = 1 / per_second if per_second else 0.0
        self._next = time.monotonic()

    def share(self, among: int) -> None:
        """Keep to one part of the limit."""
        self._step = self._usual * max(1, among)

    async def wait(self) -> None:
        if not self._step:
            return
        now = time.monotonic()
        self._next = max(self._next, now - 0.1) + self._step
        if self._next > now:
            await asyncio.sleep(self._next - now)
