"""Signed document lines that are neither sale nor return."""

from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.company.operations.rates import former_currency
from app.kit.access import may, reader_or_none
from app.kit.database.locking import lock
from app.kit.database.model import linked_id
from app.kit.database.session import unbound
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import ZERO, convert, money_sum, round_amount
from app.kit.money_text import amount_text
from app.kit.numbering import NumberPeriod, Series, next_number
from app.kit.numbering import series as number_series
from app.kit.rights import wording
from app.orders.choices import OrderStatus
from app.orders.models import Adjustment, Order
from app.orders.operations.payments import update_paid
from app.orders.operations.refundable import REFUND_BEYOND, due_of
from app.orders.operations.selling_store import selling_store

ADJUSTMENT_NUMBERS = Series("adjustment", "A-{year}-{n:05}", NumberPeriod.YEAR)
number_series.register(ADJUSTMENT_NUMBERS)


def add_adjustment(
    session: Session, adjustment: Adjustment, *, by: int | None, at: datetime
) -> None:
    """Give a number to a signed document line and place it on its day, in its store's currency.

    With an order it changes what is due for that. Raises Invalid, Conflict.
    """
    order = _order(session, adjustment)
    where = selling_store(session, linked_id(adjustment, "store"))
    adjustment.currency = where.currency
    amount = adjustment.amount or Decimal(0)
    if not amount or round_amount(amount, where.currency) != amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=where.currency), field="amount")
    adjustment.at = adjustment.at or at
    adjustment.business_date = where.day(adjustment.at)
    adjustment.rate = where.rate(adjustment.rate, former_currency(adjustment))
    adjustment.amount_company = convert(adjustment.amount, adjustment.rate, where.company_currency)
    adjustment.country = adjustment.country or where.country
    if not adjustment.number:
        adjustment.number = next_number(
            session, ADJUSTMENT_NUMBERS, at=adjustment.at, zone=where.time_zone
        )
    if order is not None:
        _refuse(order, adjustment)
    session.add(adjustment)
    session.flush()
    if order is not None:
        _note_on_order(session, order, at)
    emit(
        session,
        "adjustment.added",
        adjustment_id=adjustment.id,
        store_id=adjustment.store_id,
        business_date=adjustment.business_date,
        amount=adjustment.amount_company,
    )


def _order(session: Session, adjustment: Adjustment) -> Order | None:
    """Return the order it names, locked: what is due for it changes."""
    with session.no_autoflush:
        order = adjustment.order
        if order is None and adjustment.order_id:
            order = session.get(Order, adjustment.order_id)
        if order is not None:
            lock(session, order)
    return order


def _refuse(order: Order, adjustment: Adjustment) -> None:
    """Raise Conflict for an adjustment that the order cannot have.

    One by which money is owed back that was not before is goodwill, and takes the right for that.
    """
    if order.status is OrderStatus.DRAFT:
        raise Conflict(_l("Place the order first."), field="order")
    if order.status is OrderStatus.CANCELLED:
        raise Conflict(_l("Nothing is due for a cancelled order: leave it out."), field="order")
    if order.currency != adjustment.currency:
        raise Conflict(_l("The order is in another currency."), field="order")
    after = due_of(order) + adjustment.amount
    if after < 0:
        left = amount_text(due_of(order), order.currency)
        raise Conflict(
            _l("Only %(left)s of this order can be taken off.", left=left), field="amount"
        )
    if adjustment.amount > 0 or order.paid <= after or reader_or_none() is None:
        return
    if not may(*REFUND_BEYOND):
        said = _l(
            "With this, money is owed back that the client has paid. That is given by whoever has"
            " the right “%(right)s”.",
            right=wording(*REFUND_BEYOND).label,
        )
        raise Conflict(said, field="amount")


def _note_on_order(session: Session, order: Order, at: datetime) -> None:
    mine = Adjustment.order_id == order.id, Adjustment.currency == order.currency
    # Those that were written in another store count, whoever writes this one.
    with unbound(session):
        order.adjusted = session.scalar(select(money_sum(Adjustment.amount)).where(*mine)) or ZERO
    update_paid(session, order, at)
