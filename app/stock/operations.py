"""What moves goods. Every operation adds to a ledger; the balance beside it follows by itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.catalogue.models import Variant
from app.company.models import Company, Store
from app.company.operations.rates import rate_of
from app.kit.choices import move
from app.kit.database.lines import current_lines, number_lines
from app.kit.database.model import linked_id
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import MoneyType, currency_code, round_line, round_price
from app.kit.numbering import NumberPeriod, Series, next_number
from app.kit.numbering import series as number_series
from app.stock.choices import BY_HAND, RECEIPT_MOVES, MovementKind, ReceiptStatus
from app.stock.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    Movement,
    ReservationEntry,
    StockBalance,
)

RECEIPT_NUMBERS = Series("goods_receipt", "GR-{year}-{n:05}", NumberPeriod.YEAR)
number_series.register(RECEIPT_NUMBERS)


class OutOfStock(Conflict):
    """Fewer are there than asked for."""

    default_message = _l("There is not enough of this in stock.")


@dataclass(frozen=True, slots=True)
class Move:
    """One line to be written into the ledger; `quantity` is signed."""

    store_id: int
    variant_id: int
    kind: MovementKind
    quantity: int
    unit_cost: Decimal | None = None
    reason: str | None = None


def post(
    session: Session,
    moves: Iterable[Move],
    *,
    at: datetime,
    ref: tuple[str, int] | None = None,
) -> None:
    """Write movements, in one statement.

    Raises OutOfStock when a counted balance would not suffice.
    """
    ref_kind, ref_id = ref or (None, None)
    rows = [
        {
            "store_id": m.store_id,
            "variant_id": m.variant_id,
            "kind": m.kind,
            "quantity": m.quantity,
            "unit_cost": m.unit_cost,
            "reason": m.reason,
            "ref_kind": ref_kind,
            "ref_id": ref_id,
            "at": at,
        }
        for m in moves
    ]
    _write(session, Movement, rows)


def reserve(
    session: Session, store_id: int, wanted: Mapping[int, int], *, ref: tuple[str, int]
) -> None:
    """Hold back {variant: quantity} for `ref`; negative quantities release. Raises OutOfStock."""
    rows = [
        {
            "store_id": store_id,
            "variant_id": variant_id,
            "quantity": quantity,
            "ref_kind": ref[0],
            "ref_id": ref[1],
        }
        for variant_id, quantity in sorted(wanted.items())
        if quantity
    ]
    _write(session, ReservationEntry, rows)


def reserved_for(session: Session, ref: tuple[str, int]) -> dict[int, int]:
    """Return what `ref` still holds back, by variant."""
    held = (
        select(ReservationEntry.variant_id, func.sum(ReservationEntry.quantity))
        .where(ReservationEntry.ref_kind == ref[0], ReservationEntry.ref_id == ref[1])
        .group_by(ReservationEntry.variant_id)
    )
    return {variant: int(quantity) for variant, quantity in session.execute(held) if quantity}


def release(session: Session, store_id: int, *, ref: tuple[str, int]) -> None:
    """Give up whatever `ref` still holds back."""
    held = reserved_for(session, ref)
    reserve(session, store_id, {variant: -quantity for variant, quantity in held.items()}, ref=ref)


def _write(session: Session, ledger: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    with _stock_may_be_short():
        session.execute(insert(ledger), rows)


@contextmanager
def _stock_may_be_short() -> Iterator[None]:
    """Word what the database refuses.

    It has the last word, for another order may have been faster.
    """
    try:
        yield
    except IntegrityError as error:
        if "ck_stock_balance_available" in str(error.orig):
            raise OutOfStock from error
        raise


def receive_goods(session: Session, receipt: GoodsReceipt, *, by: int | None, at: datetime) -> None:
    """Put a supplier's delivery into stock.

    Movements, the receipt's number and sum, the variants' cost.
    """
    lines = session.scalars(
        select(GoodsReceiptLine)
        .where(GoodsReceiptLine.goods_receipt_id == receipt.id)
        .order_by(GoodsReceiptLine.position)
    ).all()
    if not lines:
        raise Conflict(_l("Add at least one line first."))
    zone = session.scalars(select(Store.time_zone).where(Store.id == receipt.store_id)).one()
    for line in lines:
        line.amount = round_line(line.quantity, line.unit_cost, receipt.currency)
    receipt.total = sum((line.amount for line in lines), Decimal(0))
    # With its number the lines are fixed: what they say is written before.
    session.flush()
    # Status, number and time reach the database together, or its checks refuse them.
    with session.no_autoflush:
        move(receipt, RECEIPT_MOVES, ReceiptStatus.RECEIVED)
        receipt.number = receipt.number or next_number(session, RECEIPT_NUMBERS, at=at, zone=zone)
        receipt.received_at = at
    session.flush()
    ref = ("goods_receipt", receipt.id)
    moves = [
        Move(
            receipt.store_id,
            line.variant_id,
            MovementKind.GOODS_RECEIPT,
            line.quantity,
            _company_cost(line, receipt),
        )
        for line in lines
    ]
    post(session, moves, at=at, ref=ref)
    _update_costs(session, receipt, lines)
    emit(session, "goods.received", goods_receipt_id=receipt.id, store_id=receipt.store_id)


def _company_cost(line: GoodsReceiptLine, receipt: GoodsReceipt) -> Decimal:
    return round_price(line.unit_cost * receipt.rate)


def _update_costs(
    session: Session, receipt: GoodsReceipt, lines: Sequence[GoodsReceiptLine]
) -> None:
    """Keep what the last delivery cost: the last delivery's cost is the variant's cost.

    In the variant's own currency, if it is the delivery's or the company's. A free delivery says
    nothing about it.
    """
    own = select(Company.currency).scalar_subquery()
    for line in sorted(lines, key=lambda one: one.variant_id):
        cost = case(
            (Variant.currency == receipt.currency, literal(line.unit_cost, MoneyType())),
            (Variant.currency == own, literal(_company_cost(line, receipt), MoneyType())),
            else_=Variant.cost,
        )
        if line.unit_cost:
            session.execute(
                update(Variant)
                .where(Variant.id == line.variant_id, Variant.cost.is_distinct_from(cost))
                .values({Variant.cost: cost})
                .execution_options(synchronize_session=False)
            )


def save_receipt(session: Session, receipt: GoodsReceipt, *, by: int | None, at: datetime) -> None:
    """Keep a draft, its lines numbered and added up. Raises Conflict once it was received."""
    if receipt.status not in (None, ReceiptStatus.DRAFT):
        raise Conflict(_l("What was received cannot be changed: write off what is missing."))
    with session.no_autoflush:
        receipt.currency = currency_code(receipt.currency)
        receipt.rate = rate_of(session, receipt)
        store_id = linked_id(receipt, "store") or 0
        lines = current_lines(session, receipt, GoodsReceiptLine)
        number_lines(lines)
        for line in lines:
            line.store_id = store_id
            line.unit_cost = line.unit_cost or Decimal(0)
            line.amount = round_line(line.quantity or 0, line.unit_cost, receipt.currency)
        receipt.total = sum((line.amount for line in lines), Decimal(0))
        session.add(receipt)
    session.flush()


def cancel_receipt(
    session: Session, receipt: GoodsReceipt, *, by: int | None, at: datetime
) -> None:
    """Give up a draft."""
    move(receipt, RECEIPT_MOVES, ReceiptStatus.CANCELLED)
    session.flush()


def move_by_hand(
    session: Session,
    kind: MovementKind,
    *,
    store_id: int,
    variant_id: int,
    quantity: int,
    reason: str,
    by: int | None,
    at: datetime,
) -> Movement:
    """Let goods go or come that no document speaks of, so that it needs a reason.

    Written off are broken, lost or expired ones; used are those for the store's own work; taken in
    are those that were found, or there from the beginning. Raises Invalid, OutOfStock.
    """
    if kind not in BY_HAND:
        raise Invalid(_l("Choose one of the list."), field="kind")
    if quantity <= 0:
        raise Invalid(_l("The quantity must be more than zero."), field="quantity")
    if not reason.strip():
        raise Invalid(_l("Say why the goods come or go."), field="reason")
    sign, event = BY_HAND[kind]
    moved = Movement(
        store_id=store_id,
        variant_id=variant_id,
        kind=kind,
        quantity=sign * quantity,
        unit_cost=_cost_of(session, variant_id),
        reason=reason.strip(),
        at=at,
    )
    session.add(moved)
    with _stock_may_be_short():
        session.flush()
    emit(session, event, store_id=store_id, variant_id=variant_id, quantity=quantity)
    return moved


def costs_of(session: Session, variant_ids: Iterable[int]) -> dict[int, Decimal | None]:
    """Return what a piece costs, of those of which it is known in the company's currency."""
    own = select(Company.currency).scalar_subquery()
    wanted = Variant.id.in_(list(variant_ids))
    costs = select(Variant.id, Variant.cost).where(wanted, Variant.currency == own)
    return {row.id: row.cost for row in session.execute(costs)}


def costs_moved(session: Session, ref: tuple[str, int]) -> dict[int, Decimal | None]:
    """Return at which cost the variants were moved that a document moved."""
    moved = select(Movement.variant_id, Movement.unit_cost).where(
        Movement.ref_kind == ref[0], Movement.ref_id == ref[1]
    )
    return {row.variant_id: row.unit_cost for row in session.execute(moved)}


def _cost_of(session: Session, variant_id: int) -> Decimal | None:
    return costs_of(session, [variant_id]).get(variant_id)


def transfer(
    session: Session,
    *,
    from_store_id: int,
    to_store_id: int,
    variant_id: int,
    quantity: int,
    by: int | None,
    at: datetime,
) -> None:
    """Bring goods from one store to another."""
    if from_store_id == to_store_id:
        raise Invalid(_l("Choose two different stores."), field="store")
    if quantity <= 0:
        raise Invalid(_l("The quantity must be more than zero."), field="quantity")
    cost = _cost_of(session, variant_id)
    moves = [
        Move(from_store_id, variant_id, MovementKind.TRANSFER, -quantity, cost),
        Move(to_store_id, variant_id, MovementKind.TRANSFER, quantity, cost),
    ]
    post(session, moves, at=at)


def count_stock(
    session: Session, store_id: int, counted: Mapping[int, int], *, by: int | None, at: datetime
) -> dict[int, int]:
    """Set the balance to what was counted, {variant: pieces}.

    Return the differences that were posted.
    """
    if any(quantity < 0 for quantity in counted.values()):
        raise Invalid(_l("A count cannot be less than zero."), field="quantity")
    posted = _post_differences(session, store_id, counted, at)
    # Posting has locked these rows. What somebody moved between the look and the lock shows now.
    late = {variant: counted[variant] for variant in posted}
    for variant, quantity in _post_differences(session, store_id, late, at).items():
        posted[variant] += quantity
    return posted


def _post_differences(
    session: Session, store_id: int, counted: Mapping[int, int], at: datetime
) -> dict[int, int]:
    balances = select(StockBalance.variant_id, StockBalance.on_hand).where(
        StockBalance.store_id == store_id, StockBalance.variant_id.in_(counted)
    )
    on_hand = {row.variant_id: row.on_hand for row in session.execute(balances)}
    found = {v: quantity - on_hand.get(v, 0) for v, quantity in sorted(counted.items())}
    different = {variant: quantity for variant, quantity in found.items() if quantity}
    post(
        session,
        [Move(store_id, v, MovementKind.STOCKTAKE, quantity) for v, quantity in different.items()],
        at=at,
    )
    return different
