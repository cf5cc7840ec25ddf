"""By which ways money came in for an order, and how much of it can still go back by each.

The sentences stand here; the same is refused by the triggers on `payment` (models/triggers.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import case, func, select, type_coerce
from sqlalchemy.orm import Session

from app.kit.access import Right, may, reader_or_none
from app.kit.database.model import linked_id
from app.kit.errors import Conflict, CrmError
from app.kit.money import ZERO, MoneyType, money_sum, round_amount
from app.kit.money_text import amount_text
from app.kit.rights import wording
from app.orders.choices import OrderStatus, PaymentDirection, PaymentMethod, PaymentStatus
from app.orders.models import GivenForReturn, GoodsReturn, Order, PaidByWay, Payment
from app.value.models import CertificateBalance

# Goodwill: money back for which nothing came back, and that was not paid too much. So is money for
# what came back without its order.
REFUND_BEYOND: Right = ("refund_beyond", "Payment")


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which money came: a method, with certificates each of them."""

    method: PaymentMethod
    certificate_id: int | None
    left: Decimal
    """What can still go back by it."""


def due_of(order: Order) -> Decimal:
    """Return what the client owes for the order in the end: without what came back of it.

    Fees and discounts given later count, and so does a debt that is given up.
    """
    if order.status is OrderStatus.CANCELLED:
        return ZERO
    return max(order.total - order.returned + order.adjusted, ZERO)


def left_to_pay(order: Order) -> Decimal:
    """Return what is still due. Requires the order's lock to be right when it is used."""
    return max(due_of(order) - order.paid, ZERO)


def owed_back(session: Session, order: Order) -> Decimal:
    """Return what was paid beyond what is due. Requires the order's lock, as `left_to_pay`.

    Not owed is what was given already for the same pieces, when they came back without the order.
    """
    owed = order.paid - due_of(order)
    if owed > 0 and order.returned > 0:
        given = type_coerce(func.crm_given_without(order.id), MoneyType())
        with session.no_autoflush:
            owed -= round_amount(session.scalar(select(given)) or ZERO, order.currency)
    return max(owed, ZERO)


def money_of(session: Session, order: Order) -> tuple[Decimal, Decimal]:
    """Return what was received for the order in all, and what of it was given back."""
    received, returned = session.execute(
        select(money_sum(PaidByWay.received), money_sum(PaidByWay.returned)).where(
            PaidByWay.order_id == order.id, PaidByWay.provider.is_(None)
        )
    ).one()
    return received, returned


def open_ways(session: Session, order: Order) -> list[Way]:
    """Return the ways by which something can still go back, certificates last."""
    rows = session.execute(_left().where(*_of_order(order.id)).order_by(PaidByWay.id))
    ways = [Way(row.method, row.certificate_id, row.left) for row in rows if row.left > 0]
    return sorted(ways, key=lambda way: way.certificate_id or 0)


def _left() -> Any:
    return select(
        PaidByWay.method,
        PaidByWay.certificate_id,
        (PaidByWay.received + PaidByWay.moved - PaidByWay.returned).label("left"),
    )


def _of_order(order_id: int | None, provider: str | None = None) -> Sequence[Any]:
    return PaidByWay.order_id == order_id, PaidByWay.provider.is_not_distinct_from(provider)


def left_by_way(session: Session, payment: Payment) -> Decimal:
    """Return what can still go back by the payment's way, and by its provider if it names one."""
    same = (
        PaidByWay.method == payment.method,
        PaidByWay.certificate_id.is_not_distinct_from(linked_id(payment, "certificate")),
    )
    asked = {None, payment.provider or None}
    with session.no_autoflush:
        rows = [
            session.execute(_left().where(*_of_order(payment.order_id, one), *same)).one_or_none()
            for one in asked
        ]
    return min(ZERO if row is None else row.left for row in rows)


def left_for_return(session: Session, goods_return: GoodsReturn) -> Decimal:
    """Return what the client has yet to get for a received return.

    Without an order it is no more than was paid for such pieces.
    """
    total = goods_return.total
    if goods_return.order_id is None:
        most = type_coerce(func.crm_most_for_loose(goods_return.id), MoneyType())
        with session.no_autoflush:
            total = min(total, session.scalar(select(most)) or ZERO)
    return total - given_for(session, goods_return)


def given_for(session: Session, goods_return: GoodsReturn) -> Decimal:
    """Return what was given back for a return so far."""
    given = select(GivenForReturn.given).where(GivenForReturn.goods_return_id == goods_return.id)
    with session.no_autoflush:
        return session.scalar(given) or ZERO


def most_in(session: Session, payment: Payment, document: Order | GoodsReturn) -> Decimal:
    """Return what may come in: what is due, or for a loose return what went out by this way."""
    if isinstance(document, Order):
        return left_to_pay(document)
    out = Payment.direction == PaymentDirection.RETURNED
    given = select(money_sum(case((out, Payment.amount), else_=-Payment.amount))).where(
        Payment.goods_return_id == document.id,
        Payment.method == payment.method,
        Payment.status == PaymentStatus.SETTLED,
    )
    with session.no_autoflush:
        return max(session.scalar(given) or ZERO, ZERO)


def usual_amount(
    session: Session, payment: Payment, document: Order | GoodsReturn, *, told: bool
) -> Decimal:
    """Return the amount of a payment that names none: all there is to pay, or is owed back.

    What a provider was `told` to give back without an amount is all that it can.
    """
    if payment.direction is PaymentDirection.RETURNED:
        most = most_back(session, payment)
        if isinstance(document, Order) and not told:
            return min(most, owed_back(session, document))
        return most
    most = most_in(session, payment, document)
    if payment.tendered is not None:
        return min(most, payment.tendered)
    if (certificate := linked_id(payment, "certificate")) is not None:
        held = select(CertificateBalance.balance).where(
            CertificateBalance.certificate_id == certificate
        )
        with session.no_autoflush:
            return min(most, session.scalar(held) or ZERO)
    return most


def most_back(session: Session, payment: Payment) -> Decimal:
    """Return the most that may go back with this payment."""
    limits = []
    if payment.order_id is not None:
        limits.append(left_by_way(session, payment))
    if (goods_return := return_of(session, payment)) is not None:
        limits.append(left_for_return(session, goods_return))
    return max(min(limits), ZERO)


def return_of(session: Session, payment: Payment) -> GoodsReturn | None:
    """Return the return that a payment names."""
    if payment.goods_return is not None or payment.goods_return_id is None:
        return payment.goods_return
    return session.get(GoodsReturn, payment.goods_return_id)


def nothing_left(direction: PaymentDirection) -> LazyString:
    """Return the sentence for a payment that has nothing to take or to give back."""
    if direction is PaymentDirection.RECEIVED:
        return _l("Nothing is due any more.")
    return _l("Nothing is owed back that could go by this way.")


def why_not_in(
    session: Session, payment: Payment, document: Order | GoodsReturn
) -> CrmError | None:
    """Return why so much cannot come in; what is handed over beyond it is change."""
    most = most_in(session, payment, document)
    if payment.amount <= most:
        return None
    due = amount_text(most, document.currency)
    if isinstance(document, GoodsReturn):
        said = _l(
            "Only %(given)s went out for this return by this way (%(method)s): it comes in again as"
            " it went.",
            given=due,
            method=payment.method.label,
        )
        return Conflict(said, field="amount")
    if most <= 0:
        return Conflict(nothing_left(PaymentDirection.RECEIVED), field="amount")
    if payment.method is PaymentMethod.CASH:
        change = amount_text((payment.tendered or payment.amount) - most, document.currency)
        said = _l(
            "Only %(due)s is due. Leave the amount at that and write what was handed over beside"
            " it: %(change)s goes back as change.",
            due=due,
            change=change,
        )
        return Conflict(said, field="amount")
    return Conflict(_l("Only %(due)s is due.", due=due), field="amount")


def why_not_back(
    session: Session, payment: Payment, document: Order | GoodsReturn
) -> CrmError | None:
    """Return why so much cannot go back: not by this way, or not for this return."""
    if payment.order_id is not None:
        left = left_by_way(session, payment)
        if payment.amount > left:
            said = _l(
                "Only %(left)s can be given back by this way (%(method)s): money goes back as it"
                " came.",
                left=amount_text(max(left, ZERO), document.currency),
                method=payment.method.label,
            )
            return Conflict(said, field="amount")
    goods_return = return_of(session, payment)
    if goods_return is not None:
        left = left_for_return(session, goods_return)
        if payment.amount > left:
            amount = amount_text(max(left, ZERO), document.currency)
            said = _l("Only %(left)s can still be given back for this return.", left=amount)
            if goods_return.order_id is None:
                said = _l(
                    "Only %(left)s can still be given back for this return: no more than was paid"
                    " for such pieces and not given back.",
                    left=amount,
                )
            return Conflict(said, field="amount")
    return None


def why_not_without_order(document: Order | GoodsReturn) -> CrmError | None:
    """Return why no money is given by hand for what came back without its order: it takes a right.

    How it was paid, and whether it went back already, is said by the order alone.
    """
    if isinstance(document, Order) or reader_or_none() is None or may(*REFUND_BEYOND):
        return None
    said = _l(
        "This return names no order. Money for it is given by whoever has the right “%(right)s”.",
        right=wording(*REFUND_BEYOND).label,
    )
    return Conflict(said, field="goods_return")


def why_not_beyond(
    session: Session, payment: Payment, document: Order | GoodsReturn
) -> CrmError | None:
    """Return why so much is not given back by hand: it is more than is owed, without the right to.

    What a provider has done is done, and a job of the system, behind which nobody stands, is not
    asked. Requires the order's lock.
    """
    if not isinstance(document, Order) or reader_or_none() is None or may(*REFUND_BEYOND):
        return None
    if payment.amount <= (owed := owed_back(session, document)):
        return None
    said = _l(
        "Only %(owed)s is owed back for this order. More than that is given by whoever has the"
        " right “%(right)s”.",
        owed=amount_text(owed, document.currency),
        right=wording(*REFUND_BEYOND).label,
    )
    return Conflict(said, field="amount")
