"""What the dispatcher asks of the database, each call one short transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.events import emit, emit_many
from app.messages.choices import (
    DispatchStatus,
    MessageChannel,
    PauseReason,
    RecipientState,
    SkipReason,
    SuppressionReason,
    UncertainPolicy,
)
from app.messages.engine import journal
from app.messages.engine.outcomes import Effect, Outcome, SendResult, SendStage, by_smtp_code
from app.messages.engine.twilio_codes import by_response
from app.messages.jobs import statements as sql
from app.messages.jobs.composing import Draft, OutboxDraft, Plan, Recipient, Skip
from app.messages.models import DispatchRecipient
from app.messages.operations.feedback import look_up_later
from app.messages.operations.sending import QUEUE_OF

SYSTEM = Stamp(Role.SYSTEM)
_STATES = {
    Outcome.ACCEPTED: RecipientState.ACCEPTED,
    Outcome.REFUSED: RecipientState.FAILED,
    Outcome.UNCERTAIN: RecipientState.UNCERTAIN,
    Outcome.DEFERRED: RecipientState.DEFERRED,
}


class FencedOff(Exception):
    """The batch is somebody else's now: stop at once."""


class BatchClaim(NamedTuple):
    """A batch as claimed; the counters are what earlier owners had recorded."""

    company_id: int
    dispatch_id: int
    no: int
    lo: int
    hi: int
    cursor: int
    epoch: int
    journal_host: str | None
    accepted: int
    failed: int
    skipped: int
    uncertain: int


class Result(NamedTuple):
    """What is to be recorded of one recipient."""

    draft: Draft | None
    row: Recipient
    outcome: SendResult | Skip


@dataclass
class Counts:
    """The counters of a batch, whole numbers rather than steps: writing them twice does no harm."""

    accepted: int = 0
    failed: int = 0
    deferred: int = 0
    skipped: int = 0
    uncertain: int = 0


@dataclass
class Change:
    """What one flush writes about one batch. `ending` is its new state when it is put down."""

    claim: BatchClaim
    cursor: int
    counts: Counts
    ending: str | None = None
    wait: float = 0.0
    results: list[Result] = field(default_factory=list)


@dataclass(frozen=True)
class Terms:
    """How the dispatcher works; tests shorten the times."""

    worker: str
    folder: Path
    lease: timedelta = timedelta(seconds=60)
    window: int = 300
    chunk: int = 150
    flush_seconds: float = 0.05
    # Seconds until the next attempt; after the last one a deferral is a failure.
    retries: tuple[float, ...] = (60, 300, 900, 3600, 4 * 3600)
    misfire_grace: timedelta = timedelta(hours=24)


@contextmanager
def _held(stamp: Stamp, terms: Terms) -> Iterator[Session]:
    """Open `work` that the database ends when this process stands still in the middle of it.

    Else a stopped process would hold the row of its batch locked, and nobody could take it over.
    """
    with work(stamp) as session:
        most = str(int(terms.lease.total_seconds() * 1000))
        session.execute(sql.IDLE, {"most": most})
        yield session


def claim_next(
    terms: Terms,
    channels: Iterable[MessageChannel],
    only: int | None = None,
    held: Iterable[int] = (),
) -> BatchClaim | None:
    """Claim the batch that is due, most urgent first; `only` of one sending.

    `held` are batches of that sending in the caller's own hands: a slow worker whose lease is over
    would take them over from itself.
    """
    with _held(SYSTEM, terms) as session:
        values = {
            "channels": [channel.value for channel in channels],
            "only": only,
            "held": list(held),
            "worker": terms.worker,
            "lease": terms.lease,
        }
        row = session.execute(sql.CLAIM, values).first()
    return None if row is None else BatchClaim(*row)


def due_channels(session: Session) -> list[MessageChannel]:
    """Return the channels for which a batch waits."""
    return [MessageChannel(value) for value in session.scalars(sql.DUE)]


def open_batch(claim: BatchClaim, plan: Plan, terms: Terms) -> tuple[Counts, DispatchStatus]:
    """Settle what dead owners left and begin from the start. Raises FencedOff."""
    host = journal.host_id(terms.folder)
    counts = Counts(claim.accepted, claim.failed, 0, claim.skipped, claim.uncertain)
    with _held(company_stamp(claim.company_id), terms) as session:
        cursor = claim.cursor
        if cursor >= claim.lo:
            _settle(session, claim, plan, terms, counts, host)
            cursor = claim.lo - 1
        values = {
            "dispatch": claim.dispatch_id,
            "no": claim.no,
            "epoch": claim.epoch,
            "worker": terms.worker,
            "cursor": cursor,
            "host": host,
            "accepted": counts.accepted,
            "failed": counts.failed,
            "skipped": counts.skipped,
            "uncertain": counts.uncertain,
        }
        if counts.uncertain > claim.uncertain:
            _have_looked_up(session, plan)
        status = session.execute(sql.TAKE, values).scalar()
        if status is None:
            raise FencedOff
    return counts, DispatchStatus(status)


def _settle(
    session: Session, claim: BatchClaim, plan: Plan, terms: Terms, counts: Counts, host: str
) -> None:
    resend = plan.uncertain_policy is UncertainPolicy.RESEND
    if claim.journal_host != host:
        if not resend:
            values = {"dispatch": claim.dispatch_id, "lo": claim.lo, "cursor": claim.cursor}
            counts.uncertain += len(session.execute(sql.UNKNOWN, values).all())
        return
    facts = journal.read_facts(terms.folder, journal_name(claim), claim.epoch)
    found = {ord_: _by_journal(plan.channel, code) for ord_, code in facts.answers.items()}
    known = {ord_: state for ord_, state in found.items() if state is not None}
    if not resend:
        known |= dict.fromkeys(facts.unanswered, RecipientState.UNCERTAIN)
    if not known:
        return
    ords = sorted(known)
    settled: dict[str, Any] = {
        "dispatch": claim.dispatch_id,
        "lo": claim.lo,
        "hi": claim.hi,
        "ords": ords,
        "states": [known[ord_].value for ord_ in ords],
        "codes": [facts.answers.get(ord_) for ord_ in ords],
    }
    for state in session.scalars(sql.RESOLVE, settled):
        _count(counts, RecipientState(state))


def _have_looked_up(session: Session, plan: Plan) -> None:
    """Have a provider asked that remembers what it took; a relay of mails does not."""
    if plan.route.account is not None:
        look_up_later(session, plan.dispatch_id)


def _by_journal(channel: MessageChannel, code: int) -> RecipientState | None:
    """Return the state of an answer that only the journal knows; None: certainly not taken."""
    if not code:
        return None
    if 200 <= code < 300:
        return RecipientState.ACCEPTED
    mail = channel is MessageChannel.EMAIL
    outcome = by_smtp_code(code) if mail else by_response(400, code, "").outcome
    return RecipientState.FAILED if outcome is Outcome.REFUSED else None


def flush(plan: Plan, terms: Terms, changes: Sequence[Change]) -> DispatchStatus:
    """Write outcomes, grants and ends in one transaction. Raises FencedOff."""
    with _held(company_stamp(plan.company_id), terms) as session:
        results = [result for change in changes for result in change.results]
        if results:
            _write_outcomes(session, plan, terms, results)
        status = DispatchStatus.RUNNING
        for change in sorted(changes, key=lambda one: one.claim.no):
            status = _write_batch(session, terms, change)
        if any(change.ending in ("done", "cancelled") for change in changes):
            _complete(session, plan)
    return status


def _write_batch(session: Session, terms: Terms, change: Change) -> DispatchStatus:
    claim = change.claim
    ending, wait = change.ending, change.wait
    if ending is not None:
        # Before the batch, as `cancel` does; and two workers that end the last two batches at once
        # must not both see the other's as open.
        status = session.execute(sql.LOCK, {"dispatch": claim.dispatch_id}).scalar_one()
        left = _next_attempt(session, claim) if ending == "done" else None
        if left is not None:
            ending, wait = "ready", left
        if ending == "ready" and status == DispatchStatus.CANCELLED:
            ending = "cancelled"
    values = {
        "dispatch": claim.dispatch_id,
        "no": claim.no,
        "epoch": claim.epoch,
        "worker": terms.worker,
        "cursor": change.cursor,
        "ending": ending,
        "lease": terms.lease,
        "wait": timedelta(seconds=wait),
        **vars(change.counts),
    }
    row = session.connection().exec_driver_sql(sql.BATCH, values).first()
    if row is None:
        raise FencedOff
    if ending == "cancelled":
        borders = {"dispatch": claim.dispatch_id, "lo": claim.lo, "hi": claim.hi}
        session.execute(sql.CANCEL_REST, borders)
    return DispatchStatus(row[0])


def count_workers(plan: Plan) -> int:
    """Return how many workers hold a batch of the sending now."""
    with work(company_stamp(plan.company_id)) as session:
        return int(session.scalar(sql.WORKERS, {"dispatch": plan.dispatch_id}) or 0)


def urgent_waits(plan: Plan) -> bool:
    """Say whether this worker should send something else first: an invoice before a campaign."""
    with work(SYSTEM) as session:
        channels = [one.value for one in MessageChannel if QUEUE_OF[one] == QUEUE_OF[plan.channel]]
        values = {"channels": channels, "priority": plan.priority}
        return bool(session.scalar(sql.URGENT, values))


def _next_attempt(session: Session, claim: BatchClaim) -> float | None:
    """Return in how many seconds somebody of the batch is tried again, None for nobody."""
    row = DispatchRecipient
    found = session.scalar(
        select(func.extract("epoch", func.min(row.next_at) - func.now())).where(
            row.dispatch_id == claim.dispatch_id,
            row.ord.between(claim.lo, claim.hi),
            row.next_at.is_not(None),
        )
    )
    return None if found is None else max(0.0, float(found))


def _complete(session: Session, plan: Plan) -> None:
    done = session.execute(sql.COMPLETE, {"dispatch": plan.dispatch_id}).first()
    if done is not None:
        emit(
            session,
            "dispatch.completed",
            dispatch_id=plan.dispatch_id,
            owner_kind=done.owner_kind,
            owner_id=done.owner_id,
            audience=done.audience,
        )


def state_of(result: Result, terms: Terms) -> tuple[RecipientState, float | None]:
    """Return a recipient's new state, and in how many seconds it is tried again."""
    outcome = result.outcome
    if isinstance(outcome, Skip):
        return RecipientState.SKIPPED, None
    if isinstance(result.draft, OutboxDraft):
        return RecipientState.OUTBOX, None
    if outcome.outcome is not Outcome.DEFERRED:
        return _STATES[outcome.outcome], None
    if outcome.effect is Effect.PAUSE_PROVIDER:
        return RecipientState.DEFERRED, 0.0
    if result.row.attempt >= len(terms.retries):
        return RecipientState.FAILED, None
    return RecipientState.DEFERRED, terms.retries[result.row.attempt]


def count(counts: Counts, result: Result, terms: Terms) -> None:
    """Add one result to the counters of its batch."""
    _count(counts, state_of(result, terms)[0])


def _count(counts: Counts, state: RecipientState) -> None:
    if state in (RecipientState.ACCEPTED, RecipientState.OUTBOX):
        counts.accepted += 1
    elif state is RecipientState.FAILED:
        counts.failed += 1
    elif state is RecipientState.SKIPPED:
        counts.skipped += 1
    elif state is RecipientState.UNCERTAIN:
        counts.uncertain += 1
    else:
        counts.deferred += 1


def _write_outcomes(session: Session, plan: Plan, terms: Terms, results: list[Result]) -> None:
    told: dict[tuple[Any, ...], list[int]] = {}
    for result in results:
        told.setdefault(_told(result, terms), []).append(result.row.ord)
    first, last = min(map(min, told.values())), max(map(max, told.values()))
    connection = session.connection()
    if len(told) == 1:
        ((values, ords),) = told.items()
        among = "{" + ",".join(map(str, ords)) + "}"
        connection.exec_driver_sql(
            sql.SAME_OUTCOME, (*values, plan.dispatch_id, first, last, among)
        )
    else:
        rows = [(ord_, *values) for values, ords in told.items() for ord_ in ords]
        columns = [list(column) for column in zip(*rows, strict=True)]
        connection.exec_driver_sql(sql.OUTCOMES, (*columns, plan.dispatch_id, first, last))
    if any(values[0] == RecipientState.UNCERTAIN.value for values in told):
        _have_looked_up(session, plan)
    _write_attempts(session, plan, terms, results)
    _write_outbox(session, plan, results)
    _write_effects(session, plan, results)


def _told(result: Result, terms: Terms) -> tuple[Any, ...]:
    """State, code, provider's id, attempt, segments, reason, rank and wait of one result."""
    state, wait = state_of(result, terms)
    outcome, attempt = result.outcome, result.row.attempt
    if isinstance(outcome, Skip):
        return (state.value, None, None, attempt, 0, outcome.reason.value, 0, wait)
    rank = int(outcome.outcome is Outcome.ACCEPTED)
    sid = outcome.provider_id or None
    return (
        state.value, outcome.code or None, sid, attempt + 1, outcome.segments, None, rank, wait
    )  # fmt: skip


def _write_attempts(session: Session, plan: Plan, terms: Terms, results: list[Result]) -> None:
    rows = []
    for result in results:
        outcome = result.outcome
        if isinstance(outcome, Skip):
            if outcome.reason in (SkipReason.RENDER_ERROR, SkipReason.BAD_ADDRESS):
                words = outcome.text[:500]
                rows.append((result.row.ord, outcome.reason.value, "", 0, words))
        elif outcome.outcome is not Outcome.ACCEPTED:
            words = outcome.text[:500].replace("\0", "")
            rows.append(
                (result.row.ord, outcome.outcome.value, outcome.stage.value, outcome.code, words)
            )
    if rows:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        session.connection().exec_driver_sql(
            sql.ATTEMPTS, (plan.dispatch_id, terms.worker, *arrays)
        )


def _write_outbox(session: Session, plan: Plan, results: list[Result]) -> None:
    drafts = [result.draft for result in results if isinstance(result.draft, OutboxDraft)]
    if drafts:
        arrays = (
            [draft.key for draft in drafts],
            [draft.client_id for draft in drafts],
            [draft.address for draft in drafts],
            [draft.subject.replace("\0", "") for draft in drafts],
            [draft.body.replace("\0", "") for draft in drafts],
            [draft.html.replace("\0", "") for draft in drafts],
        )
        session.connection().exec_driver_sql(
            sql.OUTBOX, (plan.dispatch_id, plan.channel.value, *arrays)
        )


def _write_effects(session: Session, plan: Plan, results: list[Result]) -> None:
    mail = plan.channel is MessageChannel.EMAIL
    dead = SuppressionReason.BOUNCED if mail else SuppressionReason.DEAD_NUMBER
    for effect, reason, event in (
        (Effect.MARK_ADDRESS, dead, "message.address_dead"),
        (Effect.SUPPRESS, SuppressionReason.STOP, "message.stopped"),
    ):
        ords = [
            result.row.ord
            for result in results
            if isinstance(result.outcome, SendResult) and result.outcome.effect is effect
        ]
        if not ords:
            continue
        values = {"dispatch": plan.dispatch_id, "ords": ords}
        session.execute(
            sql.DEAD_ADDRESSES,
            {**values, "channel": plan.channel.value, "reason": reason.value},
        )
        told = [
            {"client_id": row.client_id, "channel": plan.channel.value,
             "dispatch_id": plan.dispatch_id, "ord": row.ord}
            for row in session.execute(sql.CLIENTS, values)
        ]  # fmt: skip
        emit_many(session, event, told)


def pause_dispatch(plan: Plan, reason: PauseReason, words: str) -> None:
    """Stop a sending because going on would only make things worse."""
    with work(company_stamp(plan.company_id)) as session:
        _pause(session, plan.dispatch_id, reason, words)


def refuse(claim: BatchClaim, terms: Terms, reason: PauseReason, words: str) -> None:
    """Stop a sending that cannot be begun; its batch waits as it was until somebody goes on."""
    with work(company_stamp(claim.company_id)) as session:
        session.execute(sql.BEGIN, {"dispatch": claim.dispatch_id, "grace": terms.misfire_grace})
        _pause(session, claim.dispatch_id, reason, words)
        values = {"dispatch": claim.dispatch_id, "no": claim.no, "epoch": claim.epoch}
        session.execute(sql.GIVE_BACK, values | {"worker": terms.worker})


def _pause(session: Session, dispatch_id: int, reason: PauseReason, words: str) -> None:
    values = {
        "dispatch": dispatch_id,
        "reason": reason.value,
        "words": words[:500].replace("\0", ""),
    }
    found = session.execute(sql.PAUSE, values).first()
    if found is not None:
        emit(
            session,
            "dispatch.paused",
            dispatch_id=dispatch_id,
            owner_kind=found.owner_kind,
            owner_id=found.owner_id,
            reason=reason.value,
        )


def never_tried(outcome: SendResult | Skip) -> bool:
    """Say whether the provider was not even reached: the attempt does not count."""
    return isinstance(outcome, SendResult) and outcome.stage is SendStage.CONNECT


def journal_name(claim: BatchClaim) -> str:
    """Return the name of a batch among the journals of this host."""
    return f"{claim.dispatch_id}-{claim.no}"
