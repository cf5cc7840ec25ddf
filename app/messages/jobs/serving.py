"""The batches as a source of work of the queues `mail` and `sms`."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import time as clock_time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.errors import CrmError
from app.kit.jobs import job
from app.kit.jobs.runner import SOURCES, Runner, WorkSource
from app.kit.jobs.schedules import schedule
from app.messages.choices import DispatchStatus, PauseReason
from app.messages.engine.render import UnreadableText
from app.messages.jobs import recording
from app.messages.jobs.dispatcher import Database, Run
from app.messages.jobs.loading import load_plan
from app.messages.jobs.recording import BatchClaim, FencedOff, Terms
from app.messages.operations.sending import QUEUE_OF
from app.messages.queries.routes import Installation

log = logging.getLogger(__name__)

# A sending is left for a more urgent one after this long.
_TURN = 20.0
_SWITCH = 0.0005
_PARTITIONS = text("select crm_recipient_partitions()")


def drain(runner: Runner, *, terms: Terms | None = None) -> bool:
    """Serve one sending of the runner's queue for a while; return whether there was one."""
    if runner.app is None:
        return False
    config = runner.app.config["CRM"]
    channels = [channel for channel, queue in QUEUE_OF.items() if queue == runner.queue]
    terms = terms or Terms(worker=runner.name, folder=Path(config.instance) / "journal")
    claim = recording.claim_next(terms, channels)
    if claim is None:
        return False
    with runner.context():
        serve(claim, terms, config, runner.stopping)
    return True


def serve(
    claim: BatchClaim, terms: Terms, installation: Installation, stopping: Callable[[], bool]
) -> None:
    """Send what the claimed batch belongs to, until nothing is left or the turn is over."""
    until = time.monotonic() + _TURN

    def enough() -> bool:
        return stopping() or time.monotonic() > until

    try:
        with _quick_switches():
            _run(_serve(claim, terms, installation, enough))
    except FencedOff:
        log.warning("A batch of sending %s was taken over; stopped.", claim.dispatch_id)


@contextmanager
def _quick_switches() -> Iterator[None]:
    """Let the threads that record give way to the connections more often.

    A reply of the relay would wait up to Python's 5 ms for the interpreter, as long as the relay
    itself takes.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


async def _serve(
    claim: BatchClaim, terms: Terms, installation: Installation, stopping: Callable[[], bool]
) -> None:
    database = Database()
    try:
        try:
            plan, status = await database(load_plan, claim, terms, installation)
            run = Run(
                plan, terms, database, lambda: stopping() or status is not DispatchStatus.RUNNING
            )
        except (ValueError, CrmError) as error:
            # A sender that is no address, a setting whose key is gone, a wording that cannot be
            # read: every batch would fail, again and again, and nobody would be told.
            log.warning("Sending %s cannot be served: %s", claim.dispatch_id, error)
            unreadable = isinstance(error, UnreadableText)
            reason = PauseReason.RENDERING if unreadable else PauseReason.PROVIDER
            await database(recording.refuse, claim, terms, reason, str(error))
            return
        await run.go(claim)
    finally:
        database.close()


def _run(work: object) -> None:
    try:
        import uvloop  # noqa: PLC0415 -- a wheel that not every platform has
    except ImportError:
        asyncio.run(work)  # type: ignore[arg-type]
    else:
        uvloop.run(work)  # type: ignore[arg-type]


def due(session: Session) -> Iterable[str]:
    """Return the queues for which a batch waits."""
    return {QUEUE_OF[channel] for channel in recording.due_channels(session)}


@job()
def make_room(session: Session) -> None:
    """Have partitions ready for the sendings of the next days."""
    session.execute(_PARTITIONS)


for _queue in sorted(set(QUEUE_OF.values())):
    SOURCES.register(WorkSource(f"messages {_queue}", drain, due, _queue))
schedule("messages: room for recipients", f"{__name__}.make_room", at=clock_time(2))
