"""From what was asked for to lines with prices and an order with sums.

Sums are computed, never typed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.catalogue.choices import ProductKind, ProductStatus
from app.catalogue.models import Product, Variant
from app.company.operations.rates import former_currency
from app.kit.column_validation import refuse_decimals
from app.kit.database.lines import current_lines, number_lines
from app.kit.database.model import linked_id
from app.kit.errors import Conflict, Invalid
from app.kit.money import convert, currency_digits, percent_of, percent_within, round_line
from app.orders.choices import ChargeKind, LineKind, OrderChannel, OrderStatus, PaymentState
from app.orders.models import Order, OrderLine
from app.orders.operations.selling_store import SellingStore, selling_store
from app.stock.models import StockBalance
from app.stock.operations import OutOfStock


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked for: so many of a variant, or a charge.

    Without a price the variant's own counts.
    """

    quantity: int = 1
    variant_id: int | None = None
    charge: ChargeKind | None = None
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)
    description: str = ""
    tax_rate: Decimal | None = None


def draft_order(
    session: Session,
    items: Sequence[Item],
    *,
    where: SellingStore,
    by: int | None,
    at: datetime,
    client_id: int | None = None,
    channel: OrderChannel = OrderChannel.STORE,
    rate: Decimal | None = None,
    **facts: Any,
) -> Order:
    """Make an order with priced lines and sums; nothing is written yet.

    `where` is the store as `place(…, to_sell=True)` gives it.
    Raises Invalid for what cannot be sold, OutOfStock for what is not there.
    """
    if not items:
        raise Invalid(_l("An order needs at least one line."), field="lines")
    order = Order(
        store_id=where.store_id,
        client_id=client_id,
        channel=channel,
        status=OrderStatus.DRAFT,
        payment_state=PaymentState.UNPAID,
        currency=where.currency,
        rate=where.rate(rate),
        prices_include_tax=facts.pop("prices_include_tax", True),
        country=facts.pop("country", where.country),
        paid=Decimal(0),
        returned=Decimal(0),
        adjusted=Decimal(0),
        **facts,
    )
    sold = _sellable(session, where.store_id, items)
    _refuse_short(items, sold)
    order.lines = [
        _line(item, position, sold.get(item.variant_id or 0), order, where)
        for position, item in enumerate(items, 1)
    ]
    add_up(order, order.lines, where)
    return order


def _sellable(
    session: Session, store_id: int, items: Sequence[Any], *, refuse: bool = True
) -> dict[int, Any]:
    """Everything about the variants that an order needs, in one statement.

    `refuse` what is not for sale.
    """
    wanted = {item.variant_id for item in items if item.variant_id}
    if not wanted:
        return {}
    here = and_(StockBalance.variant_id == Variant.id, StockBalance.store_id == store_id)
    rows = session.execute(
        select(
            Variant.id,
            Variant.name,
            Variant.price,
            Variant.cost,
            Variant.currency,
            Variant.archived_at,
            Product.kind,
            Product.status,
            Product.tax_rate,
            StockBalance.available,
            StockBalance.counted,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockBalance, here)
        .where(Variant.id.in_(wanted))
    )
    found = {row.id: row for row in rows}
    for number, item in enumerate(items):
        row, at = found.get(item.variant_id or 0), _at(item, number, "variant")
        if item.variant_id and row is None:
            raise Invalid(_l("There is no variant no. %(id)s.", id=item.variant_id), **at)
        if not refuse or row is None:
            continue
        if row.status is not ProductStatus.PUBLISHED or row.archived_at is not None:
            raise Conflict(_l("“%(name)s” is not for sale.", name=row.name), **at)
    return found


def _at(item: Any, number: int, field: str) -> dict[str, Any]:
    """Return where a refusal of an item belongs: a line knows its place, an item is counted."""
    if isinstance(item, Item):
        return {"field": f"lines.{number}.{field}"}
    return {"field": field, "record": item}


def _refuse_short(items: Iterable[Any], sold: dict[int, Any]) -> None:
    """Word it before the database refuses it, at the line that asks for too much.

    Against others who are faster only the database helps.
    """
    wanted: dict[int, int] = {}
    for number, item in enumerate(items):
        if not item.variant_id:
            continue
        wanted[item.variant_id] = wanted.get(item.variant_id, 0) + item.quantity
        row = sold[item.variant_id]
        if row.kind is not ProductKind.GOODS or not row.counted:
            continue
        if row.available < wanted[item.variant_id]:
            raise OutOfStock(
                _l("Only %(left)s of “%(name)s” are left.", left=row.available, name=row.name),
                **_at(item, number, "quantity"),
            )


def _line(item: Item, position: int, row: Any, order: Order, where: SellingStore) -> OrderLine:
    number = position - 1
    if (item.variant_id is None) == (item.charge is None):
        raise Invalid(_l("A line is either a product or a charge."), **_at(item, number, "variant"))
    if item.quantity <= 0:
        raise Invalid(_l("The quantity must be more than zero."), **_at(item, number, "quantity"))
    line = OrderLine(
        store_id=where.store_id,
        position=position,
        kind=LineKind.GOODS if row is not None else LineKind.CHARGE,
        variant_id=item.variant_id,
        charge_kind=item.charge,
        description=item.description or _words(item, row),
        quantity=item.quantity,
        unit_price=price_of(item, row, order.currency, _at(item, number, "unit_price")),
        discount=item.discount,
        tax_rate=item.tax_rate if item.tax_rate is not None else _tax_rate(row),
        stocked=row is not None and row.kind is ProductKind.GOODS,
        cost=_cost(row, where),
    )
    try:
        settle(line, order)
    except Invalid as refused:
        raise Invalid(refused.message, **_at(item, number, str(refused.field))) from refused
    return line


def _tax_rate(row: Any) -> Decimal:
    return Decimal(0) if row is None else Decimal(row.tax_rate)


def _cost(row: Any, where: SellingStore) -> Decimal | None:
    """Return what one piece costs in the company's currency, in which all costs of sales are."""
    known = row is not None and row.currency == where.company_currency
    return row.cost if known else None


def price_of(item: Any, row: Any, currency: str, at: dict[str, Any]) -> Decimal:
    """Return the price that an item names, else the variant's in this currency.

    Raises Invalid, Conflict where there is none; `at` is the place of it.
    """
    if item.unit_price is not None:
        if item.unit_price < 0:
            raise Invalid(_l("A price cannot be less than zero."), **at)
        return item.unit_price
    if row is None:
        raise Invalid(_l("A charge needs an amount."), **at)
    if row.currency != currency:
        raise Conflict(
            _l("“%(name)s” has no price in %(currency)s.", name=row.name, currency=currency),
            **at,
        )
    return Decimal(row.price)


def settle(line: Any, document: Any) -> None:
    """Compute a line's amount and tax, each rounded once.

    Raises Invalid for a discount above the amount.
    """
    full = round_line(line.quantity, line.unit_price, document.currency)
    line.discount = line.discount or Decimal(0)
    try:
        refuse_decimals(line.discount, currency_digits(document.currency))
    except Invalid as refused:
        raise Invalid(refused.message, field="discount", record=line) from refused
    if not 0 <= line.discount <= full:
        raise Invalid(
            _l("The discount must lie between zero and the amount."), field="discount", record=line
        )
    line.amount = full - line.discount
    rate = Decimal(line.tax_rate or 0)
    if document.prices_include_tax:
        line.tax = percent_within(line.amount, rate, document.currency)
    else:
        line.tax = percent_of(line.amount, rate, document.currency)


def add_up(document: Any, lines: Sequence[Any], where: SellingStore) -> None:
    """Set the sums of an order or return from its lines, in its own currency and the company's."""
    zero = Decimal(0)
    document.goods = sum((x.amount for x in lines if x.kind is LineKind.GOODS), zero)
    document.charges = sum((x.amount for x in lines if x.kind is LineKind.CHARGE), zero)
    document.tax = sum((x.tax for x in lines), zero)
    if hasattr(document, "discount"):
        document.discount = sum((x.discount for x in lines), zero)
    extra = zero if document.prices_include_tax else document.tax
    document.total = document.goods + document.charges + extra
    document.total_company = convert(document.total, document.rate, where.company_currency)


def save_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Keep a draft made by hand, priced from its lines. Raises Conflict once it was placed."""
    if order.status not in (None, OrderStatus.DRAFT):
        raise Conflict(_l("A placed order is not edited: cancel it or take goods back."))
    # Lines as typed have neither amounts nor a store: they are completed before they are written.
    with session.no_autoflush:
        where = selling_store(session, linked_id(order, "store"), to_sell=True)
        take_over(order, where)
        order.status = OrderStatus.DRAFT
        order.country = order.country or where.country
        lines = current_lines(session, order, OrderLine)
        complete_lines(session, order, lines, where)
        add_up(order, lines, where)
        session.add(order)
    session.flush()


def take_over(document: Any, where: SellingStore) -> None:
    """Give a document made by hand what its store decides."""
    document.rate = where.rate(document.rate, former_currency(document))
    document.store_id, document.currency = where.store_id, where.currency
    if document.prices_include_tax is None:
        document.prices_include_tax = True


def complete_lines(session: Session, document: Any, lines: list[Any], where: SellingStore) -> None:
    """Fill in what a person leaves out of a line, and compute its amount."""
    for line in lines:
        line.variant_id = linked_id(line, "variant")
    sold = _sellable(session, where.store_id, lines, refuse=isinstance(document, Order))
    number_lines(lines)
    for line in lines:
        _complete(line, sold.get(line.variant_id or 0), document, where)


def _complete(line: Any, row: Any, document: Any, where: SellingStore) -> None:
    if (row is None) == (line.charge_kind is None):
        raise Invalid(_l("A line is either a product or a charge."), field="variant", record=line)
    line.quantity = 1 if line.quantity is None else line.quantity
    if line.quantity <= 0:
        raise Invalid(_l("The quantity must be more than zero."), field="quantity", record=line)
    typed = Item(line.quantity, line.variant_id, line.charge_kind, line.unit_price)
    line.store_id = where.store_id
    line.kind = LineKind.GOODS if row is not None else LineKind.CHARGE
    line.unit_price = price_of(typed, row, document.currency, _at(line, 0, "unit_price"))
    line.discount = line.discount or Decimal(0)
    line.description = line.description or _words(typed, row)
    line.tax_rate = _tax_rate(row) if line.tax_rate is None else line.tax_rate
    if isinstance(line, OrderLine):
        line.stocked = row is not None and row.kind is ProductKind.GOODS
        line.cost = _cost(row, where)
    settle(line, document)


def _words(item: Item, row: Any) -> str:
    if row is not None:
        return str(row.name)
    return str(item.charge.label) if item.charge else ""


def reprice(session: Session, order: Order, where: SellingStore) -> list[OrderLine]:
    """Compute a saved draft's lines and sums anew from what stands in its lines; return them.

    Raises Conflict for what is no longer for sale, OutOfStock for what is no longer there.
    """
    with session.no_autoflush:
        lines = current_lines(session, order, OrderLine)
        _refuse_short(lines, _sellable(session, where.store_id, lines))
        for line in lines:
            settle(line, order)
        add_up(order, lines, where)
    return lines
