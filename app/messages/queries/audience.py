"""Fixing an audience: one statement writes the recipients and their batches."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.messages.choices import (
    BatchState,
    MessageChannel,
    MessagePurpose,
    RecipientState,
    SkipReason,
    SuppressionReason,
)
from app.messages.models import Dispatch, DispatchBatch, DispatchRecipient, Suppression
from app.messages.queries.eligibility import allowed

BATCH = 500


def hash_of(channel: MessageChannel, address: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return `address_hash` of an address as SQL."""
    kind = "email" if channel is MessageChannel.EMAIL else "phone"
    return func.sha256(func.convert_to(func.concat(f"{kind}:", address), "UTF8"))


def is_address(channel: MessageChannel, address: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that something has the form of an address that can be written to.

    What people kept as written stands on cards only.
    """
    mail = channel is MessageChannel.EMAIL
    return address.regexp_match("^[^@ ]+@[^@ ]+$" if mail else "^[+][1-9][0-9]{5,14}$")


def suppressed(
    channel: MessageChannel, address_hash: ColumnElement[Any], purpose: MessagePurpose
) -> ColumnElement[bool]:
    """Return the condition that nothing for this purpose may go to this address.

    Who unsubscribed gets no advertising; invoices and new passwords were not meant.
    """
    found = [
        Suppression.channel == channel,
        Suppression.address_hash == address_hash,
        or_(Suppression.expires_at.is_(None), Suppression.expires_at > func.now()),
    ]
    if purpose is MessagePurpose.TRANSACTIONAL:
        found.append(Suppression.reason != SuppressionReason.UNSUBSCRIBED)
    return exists().where(*found)


def fix_audience(
    audience: Select[Any], channel: MessageChannel, purpose: MessagePurpose, *, dedupe: bool = True
) -> Select[Any]:
    """Return the statement; run it with `dispatch_id`. It answers with the number of rows.

    `audience` gives client_id and address (normalised, or null), and may give `values`, `variant`
    (0: in the holdout), `skip_reason` and `not_before` (its time zone's hour).
    """
    numbered = _numbered(audience, channel, purpose, dedupe=dedupe)
    dispatch_id = bindparam("dispatch_id", type_=Integer)
    pending = numbered.c.reason.is_(None)
    rows = select(
        dispatch_id,
        numbered.c.ord,
        numbered.c.client_id,
        numbered.c.address,
        numbered.c.address_hash,
        numbered.c["values"],
        numbered.c.variant,
        case((pending, RecipientState.PENDING.value), else_=RecipientState.SKIPPED.value),
        numbered.c.reason,
    )
    columns = [
        "dispatch_id", "ord", "client_id", "address", "address_hash", "values", "variant", "state",
        "skip_reason",
    ]  # fmt: skip
    recipients = insert(DispatchRecipient).from_select(columns, rows).cte("recipients")
    return select(func.count()).select_from(numbered).add_cte(recipients, _batches(numbered))


def count_audience(
    audience: Select[Any], channel: MessageChannel, purpose: MessagePurpose, *, dedupe: bool = True
) -> Select[Any]:
    """Return (reason, count) as fixing this audience now would give; no reason: written to."""
    numbered = _numbered(audience, channel, purpose, dedupe=dedupe)
    return select(numbered.c.reason, func.count()).group_by(numbered.c.reason)


def _numbered(
    audience: Select[Any], channel: MessageChannel, purpose: MessagePurpose, *, dedupe: bool
) -> CTE:
    a = audience.subquery("a")
    given = a.c
    address_hash = case((given.address.is_not(None), hash_of(channel, given.address)))
    variant = given.variant if "variant" in given else literal(1)
    reason = case(
        (_or_null(given, "skip_reason", Text).is_not(None), _or_null(given, "skip_reason", Text)),
        (given.address.is_(None), SkipReason.NO_ADDRESS.value),
        (~is_address(channel, given.address), SkipReason.BAD_ADDRESS.value),
        # An address that is no client's is one that a person typed, for a test.
        (
            and_(given.client_id.is_not(None), ~allowed(given.client_id, channel, purpose)),
            SkipReason.NO_CONSENT.value,
        ),
        (
            suppressed(channel, hash_of(channel, given.address), purpose),
            SkipReason.SUPPRESSED.value,
        ),
        (variant == 0, SkipReason.HOLDOUT.value),
    )
    judged = select(
        given.client_id,
        given.address,
        address_hash.label("address_hash"),
        _or_null(given, "values", JSONB).label("values"),
        variant.label("variant"),
        _or_null(given, "not_before", DateTime(timezone=True)).label("not_before"),
        reason.label("reason"),
    ).cte("judged")
    return _ordered(judged, dedupe=dedupe).cte("numbered").prefix_with("MATERIALIZED")


def _ordered(judged: CTE, *, dedupe: bool) -> Select[Any]:
    c = judged.c
    reason: ColumnElement[Any] = c.reason
    if dedupe:
        # Of several clients with one address the first that may be written to is.
        place = func.row_number().over(
            partition_by=c.address_hash, order_by=(c.reason.is_not(None), c.client_id)
        )
        second = and_(c.address_hash.is_not(None), c.reason.is_(None), place > 1)
        reason = case((second, SkipReason.DUPLICATE.value), else_=c.reason)
    ord_ = func.row_number().over(order_by=(c.not_before.asc().nulls_first(), c.client_id))
    return select(
        cast(ord_, Integer).label("ord"), c.client_id, c.address, c.address_hash, c["values"],
        c.variant, c.not_before, reason.label("reason"),
    )  # fmt: skip


def _batches(numbered: CTE) -> CTE:
    n = numbered.c
    first = func.min(n.ord).over(partition_by=n.not_before)
    cut = select(
        n.ord, n.not_before, n.reason, ((n.ord - first) / literal(BATCH, Integer)).label("part")
    ).subquery("cut")
    lo, waiting = func.min(cut.c.ord), func.count().filter(cut.c.reason.is_(None))
    rows = (
        select(
            bindparam("dispatch_id", type_=Integer),
            cast(func.row_number().over(order_by=lo), Integer),
            lo,
            func.max(cut.c.ord),
            lo - 1,
            func.coalesce(cut.c.not_before, func.now()),
            case((waiting > 0, BatchState.READY.value), else_=BatchState.DONE.value),
            func.count().filter(cut.c.reason.is_not(None)),
        )
        .group_by(cut.c.not_before, func.floor(cut.c.part))
        .order_by(lo)
    )
    columns = ["dispatch_id", "no", "lo", "hi", "cursor", "not_before", "state", "skipped"]
    return insert(DispatchBatch).from_select(columns, rows).cte("batches")


def _or_null(given: Any, name: str, kind: Any) -> ColumnElement[Any]:
    return given[name] if name in given else cast(null(), kind)


def audiences_that_disagree() -> Select[Any]:
    """Select sendings whose recipients are not as many as their audience."""
    rows = (
        select(DispatchRecipient.dispatch_id, func.count().label("n"))
        .group_by(DispatchRecipient.dispatch_id)
        .subquery("rows")
    )
    return (
        select(Dispatch.id, Dispatch.audience, rows.c.n)
        .outerjoin(rows, rows.c.dispatch_id == Dispatch.id)
        .where(func.coalesce(rows.c.n, 0) != Dispatch.audience)
    )
