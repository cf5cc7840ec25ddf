"""Several connections to one relay that share one stream of messages."""

from __future__ import annotations

import asyncio
import random
from typing import Self

from app.messages.engine.inbox import Carrier
from app.messages.engine.outcomes import Effect, Outcome, SendResult, SendStage
from app.messages.engine.smtp.connection import (
    ConnectionLost,
    OnResult,
    OnStarting,
    RelayRefused,
    SmtpConnection,
    Timeouts,
    connect,
)
from app.messages.engine.smtp.message import Outgoing
from app.messages.engine.smtp.url import SmtpUrl

_TRIES_BEFORE_DOWN = 3
_LONGEST_WAIT = 30.0
_MOST_ENVELOPES = 5


class SmtpPool(Carrier[Outgoing]):
    """Carries messages over up to `url.connections` connections; results come in any order.

    `starting` and `result` are those of SmtpConnection. An exception raised by `starting` (the
    lease is gone) stops the pool: what was not started is dropped without a result, what was is
    heard out, and `join` raises it.
    """

    def __init__(
        self, url: SmtpUrl, starting: OnStarting, result: OnResult, timeouts: Timeouts | None = None
    ) -> None:
        super().__init__()
        self._url, self._starting, self._result = url, starting, result
        self._timeouts = timeouts or Timeouts()
        self._envelopes: dict[tuple[int, int], int] = {}
        self._live = 0
        self._failures = 0
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._url.connections)]
        return self

    async def join(self) -> None:
        """Send what was put, then close the connections. Raises what `starting` raised."""
        self._closing.set()
        await super().join()

    async def _end(self) -> None:
        self._closing.set()
        await super()._end()

    async def _work(self) -> None:
        while await self._inbox.wait():
            try:
                connection = await connect(self._url, self._starting, self._result, self._timeouts)
            except RelayRefused as error:
                await self._not_connected(error)
                continue
            self._live += 1
            self._failures, self.down = 0, None
            try:
                await self._carry(connection)
            finally:
                self._live -= 1
                if not connection.lost:
                    connection.abort("stopped")

    async def _carry(self, connection: SmtpConnection) -> None:
        held: Outgoing | None = None
        message: Outgoing | None = None
        left = self._url.per_connection
        try:
            while not connection.lost and left:
                message = self._inbox.pop()
                if message is not None:
                    left -= 1
                    opened = await self._open(connection, message, held)
                    held, message = (message if opened else None), None
                elif held is not None:
                    await connection.finish(held)
                    held = None
                elif not await self._inbox.wait():
                    break
            if held is not None:
                await connection.finish(held)
                held = None
            await connection.quit()
        except ConnectionLost as lost:
            if held is not None and connection.unstarted(held):
                self._again(held, lost)
            if message is not None:
                self._again(message, lost)

    async def _open(
        self, connection: SmtpConnection, message: Outgoing, held: Outgoing | None
    ) -> bool:
        impossible = connection.impossible(message)
        if impossible is None:
            return await connection.open(message, held)
        self._result(message, impossible)
        if held is not None:
            await connection.finish(held)
        return False

    def _again(self, message: Outgoing, lost: ConnectionLost) -> None:
        """Its body was never sent, so it may go over another connection; but not for ever."""
        which = (message.batch, message.key)
        tries = self._envelopes.pop(which, 0) + 1
        if tries >= _MOST_ENVELOPES:
            self._result(message, SendResult(Outcome.DEFERRED, 0, str(lost), SendStage.CONNECT))
            return
        self._envelopes[which] = tries
        self._inbox.put_back(message)

    async def _not_connected(self, error: RelayRefused) -> None:
        self._failures += 1
        if self._live == 0 and (error.permanent or self._failures >= _TRIES_BEFORE_DOWN):
            effect = Effect.PAUSE_PROVIDER if error.permanent else Effect.NONE
            self.down = SendResult(
                Outcome.DEFERRED, error.code, str(error), SendStage.CONNECT, effect=effect
            )
            for message in self._inbox.clear():
                self._result(message, self.down)
        self._inbox.pass_on()
        spread = random.uniform(0.5, 1)  # noqa: S311 -- no secret
        wait = min(_LONGEST_WAIT, 0.1 * 2 ** min(self._failures, 10)) * spread
        if self._closing.is_set():
            await asyncio.sleep(min(wait, 1.0))
            return
        try:
            async with asyncio.timeout(wait):
                await self._closing.wait()
        except TimeoutError:
            return
