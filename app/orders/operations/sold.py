"""What was sold with an order and has not come back yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.errors import Conflict, Invalid
from app.kit.money import allocate, money_sum, round_line
from app.orders.choices import OrderStatus, ReturnStatus
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.orders.operations.places import Place
from app.orders.operations.pricing import settle

_HANDED_OVER = (OrderStatus.SHIPPED, OrderStatus.COMPLETED)
# As far from quantity × price as a line's amount may be: see LINE_AMOUNT.
_ROUNDING = Decimal("0.5")
_FINEST = Decimal("0.0001")


@dataclass(slots=True)
class OpenLine:
    """A line of an order with what has not come back of it, which `take` makes less."""

    sold: Any
    quantity: int
    amount: Decimal
    tax: Decimal

    def take(
        self, quantity: int, currency: str, *, line: ReturnLine | None = None
    ) -> tuple[Decimal, Decimal]:
        """Return the share of so many pieces in amount and tax; the last takes what is left.

        Raises Conflict for more than there is, beside the quantity of `line` where one asks.
        """
        if not 0 < quantity <= self.quantity:
            raise Conflict(
                _l(
                    "Only %(left)s of “%(name)s” can still be taken back.",
                    left=self.quantity,
                    name=self.sold.description,
                ),
                field="lines" if line is None else "quantity",
                record=line,
            )
        pieces = [quantity, self.quantity - quantity]
        amount = allocate(self.amount, pieces, currency)[0]
        tax = allocate(self.tax, pieces, currency)[0]
        self.quantity, self.amount, self.tax = pieces[1], self.amount - amount, self.tax - tax
        return amount, tax


def open_lines(session: Session, order: Order) -> dict[int, OpenLine]:
    """Return the order's lines by id. Requires its lock to be still right when it is used."""
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
        .order_by(OrderLine.position)
    )
    return {
        row.id: OpenLine(
            row, row.quantity - row.back, row.amount - row.back_amount, row.tax - row.back_tax
        )
        for row in rows
    }


def refuse_unsold(order: Order, where: Place) -> None:
    """Raise Conflict for an order of which nothing can be taken back in this store."""
    if order.status not in _HANDED_OVER:
        raise Conflict(_l("Only what was handed over can be taken back; cancel the order instead."))
    if order.currency != where.currency:
        raise Conflict(_l("Take it back in a store with the order's currency."), field="store")


def give(line: ReturnLine, share: tuple[Decimal, Decimal], currency: str) -> None:
    """Set what the client gets for a line: its share, the rest of its price being a discount.

    The last pieces take what rounding left of the others: then their price follows from the share.
    """
    amount, tax = share
    if amount - line.quantity * line.unit_price > _ROUNDING:
        line.unit_price = (amount / line.quantity).quantize(_FINEST, ROUND_UP)
    full = round_line(line.quantity, line.unit_price, currency)
    line.amount, line.tax, line.discount = amount, tax, max(full - amount, Decimal(0))


Linked = tuple[ReturnLine, OpenLine, tuple[Decimal, Decimal]]
"""A line of a return, what it takes from, and its share in amount and tax."""


def link_lines(session: Session, order: Order, lines: Sequence[ReturnLine]) -> list[Linked]:
    """Find for each line of a return made by hand the line of the order that it takes from.

    A line without a price gets the one that was paid. Raises Invalid for what was not bought with
    this order, Conflict for more than has not come back yet.
    """
    known = open_lines(session, order)
    linked = []
    for line in lines:
        variant = line.variant_id or (line.variant.id if line.variant else None)
        same = [
            one
            for one in known.values()
            if (one.sold.variant_id, one.sold.charge_kind) == (variant, line.charge_kind)
        ]
        if not same:
            raise Invalid(_l("This line is not one of the order's."), field="variant", record=line)
        found = max(same, key=lambda one: one.quantity)
        pieces = 1 if line.quantity is None else line.quantity
        share = found.take(pieces, order.currency, line=line)
        line.order_line_id, line.tax_rate = found.sold.id, found.sold.tax_rate
        if line.unit_price is None:
            line.unit_price = found.sold.unit_price
        linked.append((line, found, share))
    return linked


def give_shares(document: GoodsReturn, linked: Sequence[Linked]) -> None:
    """Give for each line what was paid for it; at a price of its own less, but never more."""
    for line, found, share in linked:
        # A price above the paid one gives no more; a saved share may imply one: see `give`.
        if line.unit_price >= found.sold.unit_price:
            line.unit_price = found.sold.unit_price
            give(line, share, document.currency)
            continue
        settle(line, document)
        if line.amount > share[0]:
            line.discount += line.amount - share[0]
            settle(line, document)
