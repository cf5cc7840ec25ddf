"""The dispatcher: streams one sending through its provider, at most a window ahead of the database.

Sends may begin only up to the batch's committed cursor, so that whoever takes over after a crash
knows what can have left. Rendering and the wire run on the event loop, the database in a thread of
its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Self, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from app.messages.choices import DispatchStatus, PauseReason, SkipReason, UncertainPolicy
from app.messages.engine import journal
from app.messages.engine.outcomes import Effect, Outcome, SendResult
from app.messages.engine.smtp import SmtpPool
from app.messages.jobs import recording
from app.messages.jobs.drafting import Draft, Drafter, OutboxDraft, Plan, Row, Skip
from app.messages.jobs.recording import Change, Claim, Counts, FencedOff, Result, Terms

P = ParamSpec("P")
R = TypeVar("R")

# A message is not begun in the last part of its lease: the bytes must be out before it is over.
_SAFE = 0.8
# A relay that cannot be reached is asked again after this long.
_REST = 30.0
# So many messages are made without looking after the connections.
_SLICE = 16
_FEW_ERRORS = 20


@dataclass
class Held:
    """A batch in our hands."""

    claim: Claim
    rows: list[Row]
    counts: Counts
    journal: journal.Journal
    deadline: float
    cursor: int
    under_way: int = 0
    fed: bool = False
    put_back: bool = False
    put_down: bool = False
    results: list[Result] = field(default_factory=list)
    granted: int = 0
    renewed: float = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing of it is on its way any more."""
        return self.fed and not self.under_way


class Outbox:
    """Takes every message and sends none: they become rows of the outbox screen."""

    down: SendResult | None = None

    def __init__(self, result: Callable[[Any, SendResult], None]) -> None:
        self._result = result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Nothing is open."""

    def put(self, message: OutboxDraft) -> None:
        """Keep the message."""
        self._result(message, SendResult(Outcome.ACCEPTED))


class Database:
    """Calls into the database, one after the other, in their own thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dispatch-db")

    async def __call__(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: call(*args, **kwargs))

    def close(self) -> None:
        self._thread.shutdown(wait=True)


class Run:
    """One turn at one sending: batches are claimed until none is left, or `stopping` says so."""

    def __init__(
        self, plan: Plan, terms: Terms, database: Database, stopping: Callable[[], bool]
    ) -> None:
        self._plan, self._terms, self._db, self._stopping = plan, terms, database, stopping
        self._drafter = Drafter(plan)
        self._resend = plan.uncertain_policy is UncertainPolicy.RESEND
        self._held: dict[int, Held] = {}
        self._drafts: dict[int, tuple[Row, Draft]] = {}
        self._wanted: dict[int, int] = {}
        self._unflushed = 0
        self._under_way = 0
        self._draining = False
        self._rest = 0.0
        self._render_errors = 0
        self._broken: BaseException | None = None
        self._pause: tuple[PauseReason, str] | None = None
        self._work = asyncio.Event()
        self._flushed = asyncio.Event()
        self._closing = False
        self._pace = _Pace(plan.rate_cap)

    async def go(self, claim: Claim) -> None:
        """Send. Raises FencedOff when a batch was taken over by somebody else."""
        recorder = asyncio.create_task(self._record())
        try:
            async with self._carrier() as carrier:
                await self._feed(claim, carrier)
        except BaseException as error:
            # What was begun is not known any more: the next owner reads the journals.
            self._broken = self._broken or error
            raise
        finally:
            self._closing = True
            self._work.set()
            await asyncio.gather(recorder, return_exceptions=True)
            for held in self._held.values():
                held.journal.close()
        if self._broken is not None:
            raise self._broken
        if self._pause is not None:
            await self._db(recording.pause_dispatch, self._plan, *self._pause)

    def _carrier(self) -> AbstractAsyncContextManager[Any]:
        route = self._plan.route
        if route.relay is not None:
            return SmtpPool(route.relay, self._starting, self._result)
        if route.account is not None:
            from app.messages.engine.twilio_sender import (  # noqa: PLC0415 -- slow to load
                TwilioSender,
            )

            return TwilioSender(route.account, self._starting, self._result)
        return Outbox(self._result)

    # --- what the carrier tells ---------------------------------------------------------------

    def _starting(self, message: Any) -> None:
        held = self._held[message.batch]
        if self._broken is None and time.monotonic() > held.deadline:
            self._broken = FencedOff()
        if self._broken is not None:
            self._flushed.set()
            raise FencedOff
        held.journal.starting(message.key)

    def _result(self, message: Any, result: SendResult) -> None:
        held = self._held[message.batch]
        row, draft = self._drafts.pop(message.key)
        if result.outcome is Outcome.UNCERTAIN and self._resend:
            result = result._replace(outcome=Outcome.DEFERRED)
        if result.outcome is not Outcome.UNCERTAIN:
            certain = result.outcome is not Outcome.DEFERRED
            held.journal.replied(message.key, result.code if certain else 0)
        held.under_way -= 1
        self._under_way -= 1
        if result.effect is Effect.PAUSE_PROVIDER:
            self._pause = self._pause or (PauseReason.PROVIDER, result.text)
            self._draining = True
        if recording.never_tried(result):
            held.put_back = self._draining = True
            self._rest = _REST
            self._work.set()
            return
        self._add(held, Result(draft, row, result))

    def _add(self, held: Held, result: Result) -> None:
        held.results.append(result)
        recording.count(held.counts, result, self._terms)
        self._unflushed += 1
        if self._unflushed >= self._terms.chunk or held.over:
            self._work.set()

    # --- giving the carrier work ---------------------------------------------------------------

    async def _feed(self, first: Claim, carrier: Any) -> None:
        claim: Claim | None = first
        while claim is not None:
            held = await self._open(claim)
            await self._feed_batch(held, carrier)
            held.fed = True
            self._work.set()
            if self._over():
                return
            claim = await self._db(
                recording.claim_next, self._terms, [self._plan.channel], self._plan.dispatch_id
            )

    def _over(self) -> bool:
        if self._broken is not None:
            raise self._broken
        return self._draining or self._stopping()

    async def _open(self, claim: Claim) -> Held:
        began = time.monotonic()
        rows, counts, status = await self._db(recording.open_batch, claim, self._plan, self._terms)
        if status is not DispatchStatus.RUNNING:
            self._draining = True
        own = journal.Journal(
            self._terms.folder, recording.journal_name(claim), claim.epoch, 2 * len(rows) + 1
        )
        deadline = began + self._terms.lease.total_seconds() * _SAFE
        held = Held(claim, rows, counts, own, deadline, claim.lo - 1, renewed=began)
        self._held[claim.no] = held
        return held

    async def _feed_batch(self, held: Held, carrier: Any) -> None:
        size = self._terms.chunk
        for start in range(0, len(held.rows), size):
            rows = held.rows[start : start + size]
            await self._room(len(rows))
            if self._over():
                held.put_back = True
                return
            self._wanted[held.claim.no] = rows[-1].ord
            self._work.set()
            drafts = await self._draft(held, rows)
            while held.cursor < rows[-1].ord:
                await self._wait_flushed()
                if self._over():
                    held.put_back = True
                    return
            await self._put(held, drafts, carrier)

    async def _room(self, count: int) -> None:
        while self._under_way and self._under_way + count > self._terms.window:
            self._work.set()
            await self._wait_flushed()
            if self._broken is not None:
                raise self._broken

    async def _draft(self, held: Held, rows: list[Row]) -> list[tuple[Row, Draft]]:
        made: list[tuple[Row, Draft]] = []
        for number, row in enumerate(rows):
            draft = self._drafter.draft(row, held.claim.no)
            if isinstance(draft, Skip):
                self._skip(held, row, draft)
            else:
                made.append((row, draft))
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        return made

    def _skip(self, held: Held, row: Row, skip: Skip) -> None:
        self._add(held, Result(None, row, skip))
        if skip.reason is SkipReason.RENDER_ERROR:
            self._render_errors += 1
            if self._render_errors > max(_FEW_ERRORS, self._plan.audience / 100):
                self._pause = self._pause or (PauseReason.RENDERING, skip.text)
                self._draining = True

    async def _put(self, held: Held, drafts: list[tuple[Row, Draft]], carrier: Any) -> None:
        held.under_way += len(drafts)
        self._under_way += len(drafts)
        for row, draft in drafts:
            await self._pace.wait()
            self._drafts[row.ord] = (row, draft)
            carrier.put(draft)

    # --- recording ------------------------------------------------------------------------------

    async def _wait_flushed(self) -> None:
        self._flushed.clear()
        await self._flushed.wait()

    async def _record(self) -> None:
        try:
            while not (self._closing and self._nothing_left()):
                if not self._closing:
                    await self._something_to_do()
                await self._flush()
                self._flushed.set()
        except BaseException as error:
            self._broken = error
            self._flushed.set()
            raise

    async def _something_to_do(self) -> None:
        # Time running out is the usual end: there is something to flush anyway.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.flush_seconds):
                await self._work.wait()
        self._work.clear()

    def _nothing_left(self) -> bool:
        # After a break the batches are not ours to put down: the next owner reads our journals.
        return self._broken is not None or all(held.put_down for held in self._held.values())

    async def _flush(self) -> None:
        if self._closing:
            for held in self._held.values():
                held.put_back = held.put_back or not held.fed
                held.fed, held.under_way = True, 0
        now = time.monotonic()
        changes = [
            self._change(held)
            for held in self._held.values()
            if not held.put_down and self._is_due(held, now)
        ]
        if not changes:
            return
        status = await self._write(changes)
        for change in changes:
            self._written(self._held[change.claim.no], change, now)
        if status is not DispatchStatus.RUNNING:
            self._draining = True

    def _is_due(self, held: Held, now: float) -> bool:
        lease = self._terms.lease.total_seconds()
        return bool(
            held.results
            or held.claim.no in self._wanted
            or held.over
            or now > held.renewed + lease / 3
        )

    def _change(self, held: Held) -> Change:
        cursor = max(held.cursor, self._wanted.pop(held.claim.no, 0))
        ending = None
        if held.over:
            ending = "ready" if held.put_back else "done"
        results, held.results = held.results, []
        self._unflushed -= len(results)
        counts = Counts(**vars(held.counts))
        return Change(held.claim, cursor, counts, ending, self._rest, results)

    async def _write(self, changes: list[Change]) -> DispatchStatus:
        # The counters are whole numbers and outcomes are written where there is none yet, so a
        # flush whose answer was lost may be repeated, as long as the lease lasts.
        while True:
            try:
                return await self._db(recording.flush, self._plan, self._terms, changes)
            except (OperationalError, InterfaceError):
                deadline = min(self._held[change.claim.no].deadline for change in changes)
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.3)

    def _written(self, held: Held, change: Change, began: float) -> None:
        held.cursor, held.renewed = change.cursor, began
        held.deadline = began + self._terms.lease.total_seconds() * _SAFE
        if change.ending is not None:
            held.put_down = True
            held.journal.close()
            if change.ending == "done":
                journal.remove(
                    self._terms.folder, recording.journal_name(held.claim), held.claim.epoch
                )


class _Pace:
    """Spreads messages evenly when a sending has a limit per second."""

    def __init__(self, per_second: int | None) -> None:
        self._step = 1 / per_second if per_second else 0.0
        self._next = time.monotonic()

    async def wait(self) -> None:
        if not self._step:
            return
        now = time.monotonic()
        self._next = max(self._next, now - 0.1) + self._step
        if self._next > now:
            await asyncio.sleep(self._next - now)
