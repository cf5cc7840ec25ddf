"""What was sold with an order and has not come back yet."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.database.session import unbound
from app.kit.errors import Conflict, Refused
from app.kit.money import ZERO, allocate, money_sum
from app.orders.choices import OrderStatus, ReturnStatus
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.orders.operations.selling_store import SellingStore

_HANDED_OVER = (OrderStatus.SHIPPED, OrderStatus.COMPLETED)


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
        """Return what was paid for so many of the pieces that are left, in amount and tax.

        What all pieces have given once so many are back depends on their number alone: the last
        take what rounding left, and none what another was given less for.

        Raises Conflict for more than there is, beside the quantity of `line` where one asks.
        """
        refuse_too_many(quantity, self.quantity, self, line)
        # Before, a piece could be given what another was given less for: that is gone.
        amount = min(self._paid(self.sold.amount, quantity, currency), self.amount)
        tax = min(self._paid(self.sold.tax, quantity, currency), self.tax)
        self.quantity -= quantity
        self.amount, self.tax = self.amount - amount, self.tax - tax
        return amount, tax

    def _paid(self, whole: Decimal, quantity: int, currency: str) -> Decimal:
        back = self.sold.quantity - self.quantity
        return part_of(whole, back + quantity, self.sold.quantity, currency) - part_of(
            whole, back, self.sold.quantity, currency
        )


def refuse_too_many(quantity: int, left: int, of: OpenLine, line: ReturnLine | None) -> None:
    """Raise Conflict where fewer are left than come back, beside the quantity of a `line`."""
    if 0 < quantity <= left:
        return
    raise Conflict(
        _l(
            "Only %(left)s of “%(name)s” can still be taken back.",
            left=left,
            name=of.sold.description,
        ),
        field="lines" if line is None else "quantity",
        record=line,
    )


def part_of(whole: Decimal, part: Decimal | int, of: Decimal | int, currency: str) -> Decimal:
    """Return the part of an amount that `part` is of `of`, rounded; all of it for the whole."""
    return allocate(whole, [part, max(of - part, 0)], currency)[0]


def order_of(session: Session, document: GoodsReturn) -> Order:
    """Return the order of a return of goods that names one.

    Raises Refused for who is bound to the store they came back in, and not to that of the order.
    """
    order = session.get(Order, document.order_id)
    if order is None:
        raise Refused(
            _l("The order was placed in a store that you do not see: ask somebody who sees both.")
        )
    return order


def open_lines(session: Session, order: Order) -> dict[int, OpenLine]:
    """Return the order's lines by id. Requires its lock to be still right when it is used.

    What came back in any store counts, whoever asks.
    """
    back = (
        select(
            ReturnLine.order_line_id,
            func.sum(ReturnLine.quantity).label("quantity"),
            money_sum(ReturnLine.amount).label("amount"),
            money_sum(ReturnLine.tax).label("tax"),
        )
        .join(GoodsReturn, GoodsReturn.id == ReturnLine.goods_return_id)
        .where(*_received(order))
        .group_by(ReturnLine.order_line_id)
        .subquery("back")
    )
    wanted = (
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
    with unbound(session):
        rows = session.execute(wanted).all()
    return {
        row.id: OpenLine(
            row,
            row.quantity - row.back,
            max(row.amount - row.back_amount, ZERO),
            max(row.tax - row.back_tax, ZERO),
        )
        for row in rows
    }


def _received(order: Order) -> tuple[Any, ...]:
    return GoodsReturn.order_id == order.id, GoodsReturn.status == ReturnStatus.RECEIVED


def returned_of(session: Session, order: Order) -> tuple[Decimal, Decimal]:
    """Return what came back of an order so far, in its own currency and the company's."""
    sums = select(
        money_sum(GoodsReturn.total).label("own"),
        money_sum(GoodsReturn.total_company).label("company"),
    ).where(*_received(order))
    with unbound(session):
        back = session.execute(sums).one()
    return back.own, back.company


def in_company(session: Session, order: Order, total: Decimal, where: SellingStore) -> Decimal:
    """Return what comes back with `total` in the company's currency.

    It is a part of what the order came to there, not converted by itself: the last takes what
    rounding left. Requires the order's lock like `open_lines`.
    """
    own, company = returned_of(session, order)
    until = part_of(order.total_company, own + total, order.total, where.company_currency)
    return max(until - company, ZERO)


def refuse_unsold(order: Order, where: SellingStore) -> None:
    """Raise Conflict for an order of which nothing can be taken back in this store."""
    if order.status not in _HANDED_OVER:
        raise Conflict(_l("Only what was handed over can be taken back; cancel the order instead."))
    if order.currency != where.currency:
        raise Conflict(_l("Take it back in a store with the order's currency."), field="store")
