"""Taking goods back, whole or in part, with or without knowing the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalogue.choices import ProductKind
from app.catalogue.models import Product, Variant
from app.clients.operations import add_to_timeline, count_return
from app.kit.choices import move
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import allocate, money_sum, round_line
from app.kit.numbering import Period, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.choices import RETURN_MOVES, LineKind, OrderStatus, ReturnReason, ReturnStatus
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.orders.operations.payments import lock, update_paid
from app.orders.operations.places import Place, place
from app.orders.operations.pricing import (
    add_up,
    complete_lines,
    current_lines,
    own_store,
    settle,
    take_over,
)
from app.stock.choices import MovementKind
from app.stock.operations import Move, post

RETURN_NUMBERS = Series("goods_return", "R-{year}-{n:06}", Period.YEAR)
number_series.register(RETURN_NUMBERS)

_SOLD = (OrderStatus.SHIPPED, OrderStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class ReturnItem:
    """What comes back: so many of an order's line, or of a variant at a price."""

    quantity: int
    order_line_id: int | None = None
    variant_id: int | None = None
    unit_price: Decimal | None = None
    restock: bool = True


def take_back(  # noqa: PLR0913 -- a return has as many facts
    session: Session,
    items: Sequence[ReturnItem],
    *,
    store_id: int,
    by: int | None,
    at: datetime,
    order: Order | None = None,
    client_id: int | None = None,
    reason: ReturnReason = ReturnReason.UNKNOWN,
    note: str | None = None,
) -> GoodsReturn:
    """Take goods back at what was paid for them, into stock where they can be sold again.

    Raises Conflict for more than was sold and not yet returned.
    """
    if not items:
        raise Invalid(_l("A return needs at least one line."), field="lines")
    where = place(session, store_id)
    if order is not None:
        _refuse_unsold(order, where)
        lock(session, order)
    document = GoodsReturn(
        store_id=store_id,
        client_id=order.client_id if order else client_id,
        order_id=order.id if order else None,
        status=ReturnStatus.DRAFT,
        reason=reason,
        currency=where.currency,
        rate=order.rate if order else where.rate(None),
        prices_include_tax=order.prices_include_tax if order else True,
        country=order.country if order else where.country,
        note=note,
    )
    lines = _order_lines(session, order, items) if order else _loose_lines(session, items)
    for position, line in enumerate(lines, 1):
        line.position, line.store_id = position, store_id
        if order is None:
            settle(line, document)
    document.lines = lines
    add_up(document, lines, where)
    session.add(document)
    session.flush()
    receive_return(session, document, by=by, at=at)
    return document


def _refuse_unsold(order: Order, where: Place) -> None:
    if order.status not in _SOLD:
        raise Conflict(_l("Only what was handed over can be taken back; cancel the order instead."))
    if order.currency != where.currency:
        raise Conflict(_l("Take it back in a store with the order's currency."), field="store")


def _order_lines(session: Session, order: Order, items: Sequence[ReturnItem]) -> list[ReturnLine]:
    sold = _sold(session, order)
    lines = []
    for item in items:
        row = sold.get(item.order_line_id or 0)
        if row is None:
            raise Invalid(_l("This line is not one of the order's."), field="lines")
        if not 0 < item.quantity <= row.quantity - row.back:
            raise Conflict(
                _l(
                    "Only %(left)s of “%(name)s” can still be taken back.",
                    left=row.quantity - row.back,
                    name=row.description,
                ),
                field="lines",
            )
        lines.append(_share(item, row, order.currency))
    if len({item.order_line_id for item in items}) < len(items):
        raise Invalid(_l("Name each line of the order once."), field="lines")
    return lines


def _sold(session: Session, order: Order) -> dict[int, Any]:
    """Return the order's lines with what already came back of each."""
    back = (
        select(
            ReturnLine.order_line_id,
            func.sum(ReturnLine.quantity).label("quantity"),
            money_sum(ReturnLine.amount).label("amount"),
            money_sum(ReturnLine.tax).label("tax"),
        )
        .join(GoodsReturn, GoodsReturn.id == ReturnLine.goods_return_id)
        .where(GoodsReturn.order_id == order.id, GoodsReturn.status == ReturnStatus.RECEIVED)
        .group_by(ReturnLine.order_line_id)
        .subquery("back")
    )
    rows = session.execute(
        select(
            *OrderLine.__table__.c,
            func.coalesce(back.c.quantity, 0).label("back"),
            func.coalesce(back.c.amount, 0).label("back_amount"),
            func.coalesce(back.c.tax, 0).label("back_tax"),
        )
        .outerjoin(back, back.c.order_line_id == OrderLine.id)
        .where(OrderLine.order_id == order.id)
    )
    return {row.id: row for row in rows}


def _share(item: ReturnItem, row: Any, currency: str) -> ReturnLine:
    """Return the part of a line that comes back.

    The last piece takes what rounding left, never more than was paid.
    """
    rest = row.quantity - row.back - item.quantity
    amount = allocate(row.amount - row.back_amount, [item.quantity, rest], currency)[0]
    tax = allocate(row.tax - row.back_tax, [item.quantity, rest], currency)[0]
    full = round_line(item.quantity, row.unit_price, currency)
    return ReturnLine(
        order_line_id=row.id,
        kind=row.kind,
        variant_id=row.variant_id,
        charge_kind=row.charge_kind,
        description=row.description,
        quantity=item.quantity,
        unit_price=row.unit_price,
        # Rounding may leave a cent too much for one of the pieces: then there is no discount on it.
        discount=max(full - amount, Decimal(0)),
        amount=min(amount, full),
        tax_rate=row.tax_rate,
        tax=tax,
        restock=item.restock,
    )


def _loose_lines(session: Session, items: Sequence[ReturnItem]) -> list[ReturnLine]:
    wanted = {item.variant_id for item in items}
    rows = session.execute(
        select(Variant.id, Variant.name, Variant.price, Product.tax_rate)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(wanted))
    )
    known = {row.id: row for row in rows}
    lines = []
    for item in items:
        row = known.get(item.variant_id or 0)
        if row is None:
            raise Invalid(_l("Say which variant comes back."), field="lines")
        if item.quantity <= 0:
            raise Invalid(_l("The quantity must be more than zero."), field="lines")
        lines.append(
            ReturnLine(
                kind=LineKind.GOODS,
                variant_id=row.id,
                description=row.name,
                quantity=item.quantity,
                unit_price=row.price if item.unit_price is None else item.unit_price,
                discount=Decimal(0),
                tax_rate=row.tax_rate,
                restock=item.restock,
            )
        )
    return lines


def receive_return(
    session: Session, document: GoodsReturn, *, by: int | None, at: datetime
) -> None:
    """Give the return its number, put its goods into stock and count it.

    Its money goes back as a payment.
    """
    where = place(session, document.store_id)
    lines = list(
        session.scalars(select(ReturnLine).where(ReturnLine.goods_return_id == document.id))
    )
    if not lines:
        raise Conflict(_l("Add at least one line first."))
    # Status, number and time reach the database together, or its checks refuse them.
    with session.no_autoflush:
        move(document, RETURN_MOVES, ReturnStatus.RECEIVED)
        document.returned_at, document.business_date = at, where.day(at)
        document.number = document.number or next_number(
            session, RETURN_NUMBERS, at=at, zone=where.time_zone
        )
    session.flush()
    _restock(session, document, lines, at)
    if document.order_id is not None:
        _note_on_order(session, document, at)
    if document.client_id is not None:
        count_return(session, document.client_id, document.total_company)
        add_to_timeline(
            session,
            document.client_id,
            "return.received",
            at=at,
            ref=("goods_return", document.id),
            store_id=document.store_id,
            data={"number": document.number, "total": str(document.total)},
        )
    emit(
        session,
        "return.received",
        goods_return_id=document.id,
        order_id=document.order_id,
        client_id=document.client_id,
        store_id=document.store_id,
        business_date=document.business_date,
        total=document.total_company,
        country=document.country,
        at=at,
    )


def _restock(
    session: Session, document: GoodsReturn, lines: Sequence[ReturnLine], at: datetime
) -> None:
    back = [line for line in lines if line.restock and line.variant_id is not None]
    if not back:
        return
    without = set(_unstocked(session, [line.variant_id for line in back]))
    moves = [
        Move(document.store_id, line.variant_id, MovementKind.RETURN, line.quantity)
        for line in sorted(back, key=lambda line: line.variant_id or 0)
        if line.variant_id is not None and line.variant_id not in without
    ]
    post(session, moves, at=at, ref=("goods_return", document.id))


def _note_on_order(session: Session, document: GoodsReturn, at: datetime) -> None:
    order = session.get_one(Order, document.order_id)
    order.returned = session.scalar(
        select(money_sum(GoodsReturn.total)).where(
            GoodsReturn.order_id == order.id, GoodsReturn.status == ReturnStatus.RECEIVED
        )
    ) or Decimal(0)
    update_paid(session, order, at)


def return_order(session: Session, order: Order, *, by: int | None, at: datetime) -> GoodsReturn:
    """Take back everything of the order that has not come back yet, in its own store."""
    open_lines = [
        ReturnItem(row.quantity - row.back, order_line_id=row.id)
        for row in _sold(session, order).values()
        if row.quantity > row.back
    ]
    if not open_lines:
        raise Conflict(_l("Everything of this order has come back already."))
    return take_back(session, open_lines, store_id=order.store_id, order=order, by=by, at=at)


def save_return(session: Session, document: GoodsReturn, *, by: int | None, at: datetime) -> None:
    """Keep a draft made by hand, with sums. Raises Conflict once it was received."""
    if document.status not in (None, ReturnStatus.DRAFT):
        raise Conflict(_l("A received return is not edited."))
    with session.no_autoflush:
        where = place(session, own_store(document))
        take_over(document, where)
        document.status = ReturnStatus.DRAFT
        document.country = document.country or where.country
        lines = current_lines(session, document, ReturnLine, "goods_return")
        complete_lines(session, document, lines, where)
        add_up(document, lines, where)
        session.add(document)
    session.flush()


def cancel_return(session: Session, document: GoodsReturn, *, by: int | None, at: datetime) -> None:
    """Give up a draft."""
    move(document, RETURN_MOVES, ReturnStatus.CANCELLED)
    session.flush()


def _unstocked(session: Session, variant_ids: Any) -> list[int]:
    """Those of the variants that are services or certificates."""
    kinds = (
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(list(variant_ids)), Product.kind != ProductKind.GOODS)
    )
    return list(session.scalars(kinds))
