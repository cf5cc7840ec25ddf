"""Taking goods back, whole or in part, with or without knowing the order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.choices import ProductKind
from app.catalogue.models import Product, Variant
from app.clients.operations import add_to_timeline, count_return
from app.kit.choices import move
from app.kit.database.lines import current_lines
from app.kit.database.locking import lock
from app.kit.database.model import linked_id
from app.kit.database.session import unbound
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.numbering import NumberPeriod, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.choices import RETURN_MOVES, LineKind, ReturnReason, ReturnStatus
from app.orders.models import GoodsReturn, Order, ReturnLine
from app.orders.operations.payments import update_paid
from app.orders.operations.pricing import add_up, complete_lines, price_of, settle, take_over
from app.orders.operations.return_allocation import give, give_shares, is_changed, link_lines
from app.orders.operations.returnable import (
    OpenLine,
    in_company,
    open_lines,
    order_of,
    refuse_unsold,
    returned_of,
)
from app.orders.operations.selling_store import SellingStore, selling_store
from app.orders.operations.unmatched_returns import refuse_never_sold
from app.stock.choices import MovementKind
from app.stock.operations import Move, costs_moved, costs_of, post

RETURN_NUMBERS = Series("goods_return", "R-{year}-{n:06}", NumberPeriod.YEAR)
number_series.register(RETURN_NUMBERS)


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
    where = selling_store(session, store_id)
    if order is not None:
        lock(session, order)
        refuse_unsold(order, where)
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
    lines = _order_lines(session, order, items) if order else _loose_lines(session, items, where)
    for position, line in enumerate(lines, 1):
        line.position, line.store_id = position, store_id
        if order is None:
            settle(line, document)
    document.lines = lines
    _add_up(session, document, order, lines, where)
    session.add(document)
    session.flush()
    _receive(session, document, lines, where, at=at)
    return document


def _add_up(
    session: Session,
    document: GoodsReturn,
    order: Order | None,
    lines: Sequence[ReturnLine],
    where: SellingStore,
) -> None:
    """Set the sums of a return; what comes back of an order is a part of what it came to."""
    add_up(document, lines, where)
    if order is not None:
        document.total_company = in_company(session, order, document.total, where)


def _order_lines(session: Session, order: Order, items: Sequence[ReturnItem]) -> list[ReturnLine]:
    if len({item.order_line_id for item in items}) < len(items):
        raise Invalid(_l("Name each line of the order once."), field="lines")
    known = open_lines(session, order)
    lines = []
    for item in items:
        found = known.get(item.order_line_id or 0)
        if found is None:
            raise Invalid(_l("This line is not one of the order's."), field="lines")
        lines.append(_order_line(item, found, order.currency))
    return lines


def _order_line(item: ReturnItem, found: OpenLine, currency: str) -> ReturnLine:
    sold = found.sold
    line = ReturnLine(
        order_line_id=sold.id,
        kind=sold.kind,
        variant_id=sold.variant_id,
        charge_kind=sold.charge_kind,
        description=sold.description,
        quantity=item.quantity,
        unit_price=sold.unit_price,
        tax_rate=sold.tax_rate,
        restock=item.restock,
    )
    give(line, found.take(item.quantity, currency), currency)
    return line


def _loose_lines(
    session: Session, items: Sequence[ReturnItem], where: SellingStore
) -> list[ReturnLine]:
    wanted = {item.variant_id for item in items}
    rows = session.execute(
        select(Variant.id, Variant.name, Variant.price, Variant.currency, Product.tax_rate)
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
                unit_price=price_of(item, row, where.currency, {"field": "lines"}),
                discount=Decimal(0),
                tax_rate=row.tax_rate,
                restock=item.restock,
            )
        )
    return lines


def receive_return(
    session: Session, document: GoodsReturn, *, by: int | None, at: datetime
) -> None:
    """Receive a draft: its number, its goods into stock, its sums counted.

    Its money goes back as a payment. Raises Conflict for more than was sold and not yet returned.
    """
    where = selling_store(session, document.store_id)
    lines = list(
        session.scalars(
            select(ReturnLine)
            .where(ReturnLine.goods_return_id == document.id)
            .order_by(ReturnLine.position)
        )
    )
    if not lines:
        raise Conflict(_l("Add at least one line first."))
    if document.order_id is not None:
        order = order_of(session, document)
        lock(session, order)
        refuse_unsold(order, where)
        with session.no_autoflush:
            # Another return may have come in since the draft was saved.
            lines = _reckon(session, document, order, lines, where)
    _receive(session, document, lines, where, at=at)


def _receive(
    session: Session,
    document: GoodsReturn,
    lines: Sequence[ReturnLine],
    where: SellingStore,
    *,
    at: datetime,
) -> None:
    """Give the return its number, put its goods into stock, count it and tell the others.

    Raises MissingRight for goods that were never sold or are back already: `refuse_never_sold`.
    """
    with session.no_autoflush:
        refuse_never_sold(session, document, lines)
    # With its number the return's lines are fixed: what they say is written before.
    session.flush()
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
        count_return(session, document.client_id, document.store_id, document.total_company)
        _tell_client(session, document, document.client_id, at)
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


def _tell_client(session: Session, document: GoodsReturn, client_id: int, at: datetime) -> None:
    add_to_timeline(
        session,
        client_id,
        "return.received",
        at=at,
        ref=("goods_return", document.id),
        store_id=document.store_id,
        data={"number": document.number, "total": str(document.total)},
    )


def _restock(
    session: Session, document: GoodsReturn, lines: Sequence[ReturnLine], at: datetime
) -> None:
    back = [
        (line.variant_id, line.quantity)
        for line in lines
        if line.restock and line.variant_id is not None
    ]
    if not back:
        return
    without = set(_unstocked(session, [variant for variant, _quantity in back]))
    stocked = sorted({variant for variant, _quantity in back} - without)
    costs = _costs(session, document, stocked)
    moves = [
        Move(document.store_id, variant, MovementKind.RETURN, quantity, costs.get(variant))
        for variant, quantity in sorted(back)
        if variant not in without
    ]
    post(session, moves, at=at, ref=("goods_return", document.id))


def _costs(
    session: Session, document: GoodsReturn, variants: Sequence[int]
) -> dict[int, Decimal | None]:
    """Return at which cost goods come back: that at which they left, else what they cost now."""
    if document.order_id is None:
        return costs_of(session, variants)
    # They may have left the stock of a store that the caller does not see.
    with unbound(session):
        return costs_moved(session, ("order", document.order_id))


def _note_on_order(session: Session, document: GoodsReturn, at: datetime) -> None:
    order = order_of(session, document)
    order.returned = returned_of(session, order)[0]
    update_paid(session, order, at)


def return_order(session: Session, order: Order, *, by: int | None, at: datetime) -> GoodsReturn:
    """Take back everything of the order that has not come back yet, in its own store."""
    lock(session, order)
    items = [
        ReturnItem(one.quantity, order_line_id=one.sold.id)
        for one in open_lines(session, order).values()
        if one.quantity > 0
    ]
    if not items:
        raise Conflict(_l("Everything of this order has come back already."))
    return take_back(session, items, store_id=order.store_id, order=order, by=by, at=at)


def save_return(session: Session, document: GoodsReturn, *, by: int | None, at: datetime) -> None:
    """Keep a draft made by hand, with sums. Raises Conflict once it was received."""
    if document.status not in (None, ReturnStatus.DRAFT):
        raise Conflict(_l("A received return is not edited."))
    with session.no_autoflush:
        where = selling_store(session, linked_id(document, "store"))
        order = document.order or (
            session.get(Order, document.order_id) if document.order_id else None
        )
        lines = current_lines(session, document, ReturnLine)
        if order is None:
            take_over(document, where)
            _name_no_order(lines)
        else:
            _take_over_order(document, order, where)
        document.status = ReturnStatus.DRAFT
        document.country = document.country or where.country
        _reckon(session, document, order, lines, where)
        session.add(document)
    session.flush()


def _name_no_order(lines: Sequence[ReturnLine]) -> None:
    """Let lines take from nothing. Raises Invalid for one that names what it takes from."""
    for line in lines:
        if line.order_line_id is not None and is_changed(line, "order_line_id"):
            raise Invalid(_l("Name the order too."), field="order_line", record=line)
        line.order_line_id = None


def _take_over_order(document: GoodsReturn, order: Order, where: SellingStore) -> None:
    """Give a draft what its order decides: client, currency, rate."""
    refuse_unsold(order, where)
    client_id = linked_id(document, "client")
    if client_id not in {None, order.client_id}:
        raise Invalid(_l("The order is of another client."), field="client")
    document.client, document.client_id = order.client, order.client_id
    document.store_id, document.currency = where.store_id, where.currency
    document.rate, document.prices_include_tax = order.rate, order.prices_include_tax
    document.country = document.country or order.country


def _reckon(
    session: Session,
    document: GoodsReturn,
    order: Order | None,
    lines: Sequence[ReturnLine],
    where: SellingStore,
) -> list[ReturnLine]:
    """Complete the lines and set what they and the draft come to; return them with new ones."""
    linked = [] if order is None else link_lines(session, document, order, lines)
    every = [*lines, *(line for line, _found, _share in linked if line not in lines)]
    complete_lines(session, document, every, where)
    give_shares(document, linked)
    _add_up(session, document, order, every, where)
    return every


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
