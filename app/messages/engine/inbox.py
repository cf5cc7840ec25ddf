"""The queue between a dispatcher and its connections, and what all that serve one have alike."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from types import TracebackType
from typing import Generic, TypeVar

from app.messages.engine.outcomes import SendResult

T = TypeVar("T")

# Providers answer within moments; one that does not keeps nobody longer than this.
_LAST_WORDS = 5.0


class Inbox(Generic[T]):
    """A queue that can be closed: getters then empty it and get None."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._getters: deque[asyncio.Future[None]] = deque()
        self.closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        self._items.append(item)
        self._wake()

    def put_back(self, item: T) -> None:
        self._items.appendleft(item)
        self._wake()

    def pop(self) -> T | None:
        return self._items.popleft() if self._items else None

    def clear(self) -> list[T]:
        items = list(self._items)
        self._items.clear()
        return items

    def close(self) -> None:
        self.closed = True
        while self._getters:
            self._wake()

    def _wake(self) -> None:
        """Wake one getter; one that then cannot work hands this on by `pass_on`."""
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def pass_on(self) -> None:
        if self._items:
            self._wake()

    async def wait(self) -> bool:
        """Until there is an item (True) or the inbox is closed and empty (False)."""
        while not self._items:
            if self.closed:
                return False
            getter = asyncio.get_running_loop().create_future()
            self._getters.append(getter)
            await getter
        return True


async def hear_out(workers: Collection[asyncio.Task[None]]) -> None:
    """Give connections a moment for the answers to what has left; what has none by then is unknown.

    Their inbox is empty and closed, so that they take nothing more.
    """
    if not workers:
        return
    _done, waiting = await asyncio.wait(workers, timeout=_LAST_WORDS)
    for worker in waiting:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


class Carrier(Generic[T]):
    """Workers that carry what is put; each message has exactly one result unless stopped."""

    def __init__(self) -> None:
        self._inbox = Inbox[T]()
        self._workers: list[asyncio.Task[None]] = []
        self.down: SendResult | None = None

    def put(self, message: T) -> None:
        """Take a message over: exactly one result will be reported unless this is stopped."""
        self._inbox.put(message)

    def withdraw(self) -> list[T]:
        """Give back what no worker has taken yet: nothing of it was begun."""
        return self._inbox.clear()

    @property
    def failed(self) -> BaseException | None:
        """What ended a worker, if anything did: then no longer all that is put is sent."""
        for worker in self._workers:
            if worker.done() and not worker.cancelled() and worker.exception() is not None:
                return worker.exception()
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.join()
        else:
            await self._end()

    async def join(self) -> None:
        """Send what was put. Raises what `starting` raised."""
        self._inbox.close()
        try:
            await asyncio.gather(*self._workers)
        except BaseException:
            await self._end()
            raise

    async def _end(self) -> None:
        """Drop what was not started and hear out what is under way."""
        self._inbox.clear()
        self._inbox.close()
        await hear_out(self._workers)
