"""The dispatcher: streams one sending through its provider, at most a window ahead of the database.

Sends may begin only up to the batch's committed cursor, so that whoever takes over after a crash
knows what can have left. Rendering and the wire run on the event loop, the database in a thread of
its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from app.messages.choices import DispatchStatus, PauseReason, SkipReason, UncertainPolicy
from app.messages.engine import journal
from app.messages.engine.outcomes import Effect, Outcome, SendResult
from app.messages.engine.smtp import SmtpPool
from app.messages.jobs import recording
from app.messages.jobs.composing import Draft, Drafter, Plan, Recipient, Skip
from app.messages.jobs.loading import Loader
from app.messages.jobs.outbox import Outbox
from app.messages.jobs.recording import BatchClaim, Change, Counts, FencedOff, Result, Terms
from app.messages.jobs.throttling import Pace, sizes

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

# A message is not begun in the last part of its lease: the bytes must be out before it is over.
_SAFE = 0.8
# A database that was away is asked again after this long.
_BREATH = 0.2
# A relay that cannot be reached is asked again after this long.
_REST = 30.0
# So often it is looked who else sends this, and whether something more urgent waits.
_LOOK_ROUND = 1.0
# So many messages are made without looking after the connections.
_SLICE = 8
_FEW_ERRORS = 20


@dataclass
class Held:
    """A batch in our hands."""

    claim: BatchClaim
    counts: Counts
    journal: journal.Journal
    deadline: float
    cursor: int
    under_way: int = 0
    fed: bool = False
    put_back: bool = False
    results: list[Result] = field(default_factory=list)
    renewed: float = 0.0
    # The next rows, asked for while earlier ones are on their way.
    rows: asyncio.Task[list[Recipient]] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing of it is on its way any more."""
        return self.fed and not self.under_way


class Database:
    """Calls into the database in threads: one records while others fetch what comes next."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=3, thread_name_prefix="dispatch-db")

    async def __call__(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: call(*args, **kwargs))

    def close(self) -> None:
        self._threads.shutdown(wait=True)


class Run:
    """One turn at one sending: batches are claimed until none is left, or `stopping` says so."""

    def __init__(
        self, plan: Plan, terms: Terms, database: Database, stopping: Callable[[], bool]
    ) -> None:
        self._plan, self._terms, self._db, self._stopping = plan, terms, database, stopping
        self._drafter, self._loader = Drafter(plan), Loader(plan)
        self._resend = plan.uncertain_policy is UncertainPolicy.RESEND
        self._held: dict[int, Held] = {}
        self._drafts: dict[int, tuple[Recipient, Draft]] = {}
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
        self._roomy = asyncio.Event()
        self._ahead: asyncio.Task[Held | None] | None = None
        self._closing = False
        self._pace = Pace(plan.rate_cap)
        self._chunk, self._window = sizes(plan, terms)
        # Where a limit leaves time enough nobody is asked about before it is time, and no batch is
        # held that another worker could send.
        self._ahead_is_right = not plan.rate_cap
        self._sender: Any = None
        self._looked_at = 0.0

    async def go(self, claim: BatchClaim) -> None:
        """Send. Raises FencedOff when a batch was taken over by somebody else."""
        recorder = asyncio.create_task(self._record())
        try:
            async with self._carrier() as self._sender:
                await self._feed(claim)
        except BaseException as error:
            # What was begun is not known any more: the next owner reads the journals.
            self._broken = self._broken or error
            raise
        finally:
            await self._wait_for_loading()
            self._closing = True
            self._work.set()
            await asyncio.gather(recorder, return_exceptions=True)
            for held in self._held.values():
                held.journal.close()
        if self._broken is not None:
            raise self._broken
        if self._pause is not None:
            await self._db(recording.pause_dispatch, self._plan, *self._pause)

    async def _wait_for_loading(self) -> None:
        await asyncio.gather(*filter(None, [self._ahead]), return_exceptions=True)
        loading = [held.rows for held in self._held.values() if held.rows is not None]
        await asyncio.gather(*loading, return_exceptions=True)

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
            self._break(FencedOff())
        if self._broken is not None:
            raise FencedOff
        try:
            held.journal.starting(message.key)
        except journal.TakenOver as error:
            raise FencedOff from error

    def _break(self, error: BaseException) -> None:
        """End at once: whoever waits for room or for a grant hears of it."""
        self._broken = error
        self._flushed.set()
        self._roomy.set()

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
        if self._under_way + self._chunk <= self._window:
            self._roomy.set()
        if recording.never_tried(result):
            held.put_back = True
            self._rest = _REST
            self._drain()
        else:
            self._add(held, Result(draft, row, result))
        if result.effect is Effect.PAUSE_PROVIDER:
            self._pause = self._pause or (PauseReason.PROVIDER, result.text)
            self._drain()

    def _drain(self) -> None:
        """Begin nothing more; what no connection has taken yet is left to whoever comes next."""
        self._draining = True
        for message in self._sender.withdraw() if self._sender else ():
            held = self._held[message.batch]
            del self._drafts[message.key]
            held.under_way -= 1
            self._under_way -= 1
            held.put_back = True
        self._work.set()
        self._roomy.set()

    def _add(self, held: Held, result: Result) -> None:
        held.results.append(result)
        recording.count(held.counts, result, self._terms)
        self._unflushed += 1
        if self._unflushed >= self._terms.chunk or held.over:
            self._work.set()

    # --- giving the carrier work ---------------------------------------------------------------

    async def _feed(self, first: BatchClaim) -> None:
        held: Held | None = await self._open_claimed(first)
        await self._look_round()
        while held is not None:
            await self._feed_batch(held)
            held.fed = True
            self._work.set()
            if self._over():
                await self._let_go()
                return
            held = await self._next()

    async def _next(self) -> Held | None:
        """Return the batch to go on with: the one that was fetched ahead, else the next."""
        ahead, self._ahead = self._ahead or self._fetch(), None
        return await ahead

    def _fetch(self) -> asyncio.Task[Held | None]:
        return asyncio.create_task(self._claim())

    async def _claim(self) -> Held | None:
        try:
            plan, held = self._plan, list(self._held)
            claim = await self._db(
                recording.claim_next, self._terms, [plan.channel], plan.dispatch_id, held
            )
            return None if claim is None else await self._open_claimed(claim)
        except (OperationalError, InterfaceError):
            # What is under way is still to be recorded, which is tried again and again.
            log.warning("The database gives no further batch now.", exc_info=True)
            return None

    async def _let_go(self) -> None:
        """Leave a batch that was fetched ahead to others: nothing of it was begun."""
        if self._ahead is not None:
            held = await self._next()
            if held is not None:
                held.put_back = held.fed = True
                self._work.set()

    def _over(self) -> bool:
        if self._broken is not None:
            raise self._broken
        return self._draining or self._stopping()

    async def _open_claimed(self, claim: BatchClaim) -> Held:
        """Open it, again if the database was away: else it would lie until its lease is over.

        Not where something was begun before us: what that came to may be written already, and is
        counted from what the next claim reads.
        """
        until = time.monotonic() + self._terms.lease.total_seconds() / 4
        while True:
            try:
                return await self._open(claim)
            except (OperationalError, InterfaceError):
                if claim.cursor >= claim.lo or time.monotonic() > until:
                    raise
                log.warning("A batch is opened once more.", exc_info=True)
                await asyncio.sleep(_BREATH)

    async def _open(self, claim: BatchClaim) -> Held:
        began = time.monotonic()
        counts, status = await self._db(recording.open_batch, claim, self._plan, self._terms)
        if status is not DispatchStatus.RUNNING:
            self._drain()
        records = 2 * (claim.hi - claim.lo + 1) + 1
        own = journal.Journal(
            self._terms.folder, recording.journal_name(claim), claim.epoch, records
        )
        deadline = began + self._terms.lease.total_seconds() * _SAFE
        held = Held(claim, counts, own, deadline, claim.lo - 1, renewed=began)
        self._held[claim.no] = held
        if self._ahead_is_right:
            held.rows = asyncio.create_task(self._load(held, claim.lo - 1))
        return held

    async def _feed_batch(self, held: Held) -> None:
        last = held.claim.lo - 1
        while last < held.claim.hi:
            rows = await self._rows(held, last)
            last = rows[-1].ord if len(rows) == self._chunk else held.claim.hi
            if self._ahead_is_right and last < held.claim.hi:
                held.rows = asyncio.create_task(self._load(held, last))
            await self._room()
            if self._over():
                held.put_back = True
                return
            self._look_ahead(held.claim.hi - last)
            if rows:
                await self._grant_and_put(held, rows)

    async def _rows(self, held: Held, last: int) -> list[Recipient]:
        loading, held.rows = held.rows, None
        return await (loading or self._load(held, last))

    async def _load(self, held: Held, last: int) -> list[Recipient]:
        return await self._patiently(
            [held], self._loader.load, last + 1, held.claim.hi, self._chunk
        )

    async def _grant_and_put(self, held: Held, rows: list[Recipient]) -> None:
        self._wanted[held.claim.no] = rows[-1].ord
        self._work.set()
        drafts = await self._draft(held, rows)
        while held.cursor < rows[-1].ord:
            await self._wait_flushed()
            if self._over():
                held.put_back = True
                return
        await self._put(held, drafts)

    async def _room(self) -> None:
        while self._under_way and self._under_way + self._chunk > self._window:
            if self._broken is not None:
                raise self._broken
            self._roomy.clear()
            await self._roomy.wait()

    def _look_ahead(self, left: int) -> None:
        # Late, so that workers that share a sending end together.
        if left <= self._chunk and self._ahead is None and self._ahead_is_right:
            self._ahead = self._fetch()

    async def _draft(self, held: Held, rows: list[Recipient]) -> list[tuple[Recipient, Draft]]:
        made: list[tuple[Recipient, Draft]] = []
        for number, row in enumerate(rows):
            draft = self._drafter.draft(row, held.claim.no)
            if isinstance(draft, Skip):
                self._skip(held, row, draft)
            else:
                made.append((row, draft))
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        return made

    def _skip(self, held: Held, row: Recipient, skip: Skip) -> None:
        self._add(held, Result(None, row, skip))
        if skip.reason is SkipReason.RENDER_ERROR:
            self._render_errors += 1
            if self._render_errors > max(_FEW_ERRORS, self._plan.audience / 100):
                self._pause = self._pause or (PauseReason.RENDERING, skip.text)
                self._drain()

    async def _put(self, held: Held, drafts: list[tuple[Recipient, Draft]]) -> None:
        for row, draft in drafts:
            await self._pace.wait()
            if self._draining:
                held.put_back = True
                return
            held.under_way += 1
            self._under_way += 1
            self._drafts[row.ord] = (row, draft)
            self._sender.put(draft)

    # --- recording ------------------------------------------------------------------------------

    async def _wait_flushed(self) -> None:
        if self._broken is None:
            self._flushed.clear()
            await self._flushed.wait()

    async def _record(self) -> None:
        try:
            while not self._closing:
                await self._something_to_do()
                self._look_up()
                await self._flush()
                self._flushed.set()
                await self._look_round()
            if self._broken is None:
                # Everything held is over by now. After a break the batches are not ours to put
                # down: the next owner reads our journals.
                await self._flush()
        except BaseException as error:
            self._break(error)
            raise

    async def _look_round(self) -> None:
        """Divide a limit among the workers that send this now; make way for what is urgent."""
        if self._looked_at + _LOOK_ROUND > time.monotonic():
            return
        self._looked_at = time.monotonic()
        # While the database is away the last answers count.
        with suppress(OperationalError, InterfaceError):
            if self._plan.rate_cap:
                self._pace.share(await self._db(recording.count_workers, self._plan))
            if not self._draining and await self._db(recording.urgent_waits, self._plan):
                self._drain()

    def _look_up(self) -> None:
        failed = self._sender.failed if self._sender else None
        if failed is not None and self._broken is None:
            # A connection that ended by a fault of ours would be waited for for ever.
            self._break(failed)
        if not self._draining and self._stopping():
            self._drain()

    async def _something_to_do(self) -> None:
        # Time running out is the usual end: there is something to flush anyway.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._terms.flush_seconds):
                await self._work.wait()
        self._work.clear()

    async def _flush(self) -> None:
        now = time.monotonic()
        changes = [
            (held, self._change(held)) for held in self._held.values() if self._is_due(held, now)
        ]
        if not changes:
            return
        # The counters are whole numbers and outcomes are written where there is none yet, so a
        # flush whose answer was lost may be repeated.
        status = await self._patiently(
            [held for held, _ in changes],
            recording.flush,
            self._plan,
            self._terms,
            [change for _, change in changes],
        )
        for held, change in changes:
            self._written(held, change, now)
        if status is not DispatchStatus.RUNNING and not self._draining:
            self._drain()

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

    async def _patiently(
        self, leased: list[Held], call: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Ask the database again while it is away, as long as these leases last."""
        while True:
            try:
                return await self._db(call, *args, **kwargs)
            except (OperationalError, InterfaceError):
                if time.monotonic() > min(held.deadline for held in leased):
                    raise
                await asyncio.sleep(0.3)

    def _written(self, held: Held, change: Change, began: float) -> None:
        held.cursor, held.renewed = change.cursor, began
        held.deadline = began + self._terms.lease.total_seconds() * _SAFE
        if change.ending is not None:
            if self._held.get(held.claim.no) is held:
                del self._held[held.claim.no]
            held.journal.close()
            if change.ending == "done":
                journal.remove(
                    self._terms.folder, recording.journal_name(held.claim), held.claim.epoch
                )
