"""Money for orders: what was settled counts, and the order's payment state follows from it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.clients.operations import add_to_timeline
from app.kit.choices import move
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import convert, currency_digits, money_sum, round_amount
from app.kit.numbering import Period, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.choices import (
    PAYMENT_MOVES,
    OrderStatus,
    PaymentDirection,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
)
from app.orders.models import Adjustment, GoodsReturn, Order, Payment
from app.orders.operations.places import place
from app.orders.operations.placing import facts
from app.value.models import Certificate
from app.value.operations import give_back, redeem

ADJUSTMENT_NUMBERS = Series("adjustment", "A-{year}-{n:05}", Period.YEAR)
number_series.register(ADJUSTMENT_NUMBERS)


def add_payment(  # noqa: PLR0913 -- a payment has as many facts
    session: Session,
    order: Order | None,
    *,
    amount: Decimal,
    method: PaymentMethod,
    by: int | None,
    at: datetime,
    direction: PaymentDirection = PaymentDirection.RECEIVED,
    settled: bool = True,
    goods_return: GoodsReturn | None = None,
    certificate: Certificate | None = None,
    **reference: Any,
) -> Payment:
    """Book money received or returned for an order or a return.

    The same `provider` and `external_ref` again give the payment that is there.
    Raises Invalid, Conflict.
    """
    if order is None and goods_return is None:
        raise Invalid(_l("A payment belongs to an order or a return."), field="order")
    payment = Payment(
        order_id=order.id if order else None,
        goods_return_id=goods_return.id if goods_return else None,
        direction=direction,
        method=method,
        amount=amount,
        certificate_id=certificate.id if certificate else None,
        **reference,
    )
    return book_payment(session, payment, by=by, at=at, settled=settled)


def book_payment(
    session: Session, payment: Payment, *, by: int | None, at: datetime, settled: bool = True
) -> Payment:
    """Complete a payment from what it is for, and book it.

    The one that is there when it was told before.
    """
    with session.no_autoflush:
        document = _purpose(session, payment)
        known = _known(session, payment)
        if known is not None:
            return known
        if payment.amount <= 0 or round_amount(payment.amount, document.currency) != payment.amount:
            raise Invalid(
                _l("This is not an amount of %(c)s.", c=document.currency), field="amount"
            )
        if (payment.method is PaymentMethod.CERTIFICATE) != bool(_certificate_id(payment)):
            raise Invalid(_l("Name the certificate it is paid with."), field="certificate")
        payment.store_id, payment.client_id = document.store_id, document.client_id
        payment.currency = document.currency
        payment.status = PaymentStatus.PENDING
        payment.at = at
        payment.business_date = place(session, document.store_id).day(at)
        session.add(payment)
    session.flush()
    if settled:
        settle_payment(session, payment, by=by, at=at)
    return payment


def _certificate_id(payment: Payment) -> int | None:
    return payment.certificate_id or (payment.certificate.id if payment.certificate else None)


def _purpose(session: Session, payment: Payment) -> Order | GoodsReturn:
    """Return the order (locked) or the return that a payment is for."""
    order = payment.order or (session.get(Order, payment.order_id) if payment.order_id else None)
    if order is not None:
        lock(session, order)
        return order
    goods_return = payment.goods_return
    if goods_return is None and payment.goods_return_id:
        goods_return = session.get(GoodsReturn, payment.goods_return_id)
    if goods_return is None:
        raise Invalid(_l("A payment belongs to an order or a return."), field="order")
    return goods_return


def _known(session: Session, payment: Payment) -> Payment | None:
    if not payment.external_ref:
        return None
    same = select(Payment).where(
        Payment.provider == payment.provider, Payment.external_ref == payment.external_ref
    )
    return session.scalar(same)


def lock(session: Session, order: Order) -> None:
    """Let nobody else pay for the order or return it until this transaction ends."""
    session.execute(select(Order.id).where(Order.id == order.id).with_for_update())


def settle_payment(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    """Note that the money is there, or gone back; with a certificate, its balance follows."""
    move(payment, PAYMENT_MOVES, PaymentStatus.SETTLED)
    payment.at = at
    _move_value(session, payment, by=by, at=at)
    session.flush()
    order = session.get(Order, payment.order_id) if payment.order_id else None
    if order is not None:
        update_paid(session, order, at)
    if payment.client_id is not None:
        add_to_timeline(
            session,
            payment.client_id,
            f"payment.{payment.direction.value}",
            at=at,
            ref=("payment", payment.id),
            store_id=payment.store_id,
            data={"amount": str(payment.amount), "currency": payment.currency},
        )
    emit(
        session,
        "payment.settled",
        payment_id=payment.id,
        order_id=payment.order_id,
        direction=payment.direction.value,
        amount=payment.amount,
    )


def _move_value(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    if payment.certificate_id is None:
        return
    certificate = session.get_one(Certificate, payment.certificate_id)
    if certificate.currency != payment.currency:
        raise Conflict(_l("This certificate is in another currency."), field="certificate")
    # One reference for both ways, so that what is given back meets what was spent.
    ref = ("order", payment.order_id or 0)
    if payment.direction is PaymentDirection.RECEIVED:
        redeem(
            session,
            certificate,
            payment.amount,
            ref=ref,
            store_id=payment.store_id,
            day=payment.business_date,
            by=by,
            at=at,
        )
    else:
        give_back(
            session, certificate, payment.amount, ref=ref, store_id=payment.store_id, by=by, at=at
        )


def fail_payment(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    """Note that the provider says no."""
    move(payment, PAYMENT_MOVES, PaymentStatus.FAILED)
    session.flush()


def cancel_payment(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    """Nobody waits for this money any more."""
    move(payment, PAYMENT_MOVES, PaymentStatus.CANCELLED)
    session.flush()


def update_paid(session: Session, order: Order, at: datetime) -> None:
    """Set the order's paid sum and payment state from its settled payments. Requires its lock."""
    signed = case(
        (Payment.direction == PaymentDirection.RECEIVED, Payment.amount), else_=-Payment.amount
    )
    paid, received = session.execute(
        select(
            money_sum(signed),
            func.count().filter(Payment.direction == PaymentDirection.RECEIVED),
        ).where(Payment.order_id == order.id, Payment.status == PaymentStatus.SETTLED)
    ).one()
    before, order.paid = order.payment_state, paid
    order.payment_state = payment_state(order, any_received=bool(received))
    session.flush()
    if order.payment_state is PaymentState.PAID and before is not PaymentState.PAID:
        emit(session, "order.paid", **facts(order, at))


def payment_state(order: Order, *, any_received: bool) -> PaymentState:
    """How far an order is paid; what came back, or an order called off, is not owed any more."""
    cancelled = order.status is OrderStatus.CANCELLED
    owed = Decimal(0) if cancelled else order.total - order.returned
    if any_received and order.paid == 0 and owed == 0 and order.total > 0:
        return PaymentState.REFUNDED
    if order.paid > owed:
        return PaymentState.OVERPAID
    if order.paid == owed and (any_received or order.total == 0):
        return PaymentState.PAID
    return PaymentState.PARTLY_PAID if order.paid > 0 else PaymentState.UNPAID


def add_adjustment(
    session: Session, adjustment: Adjustment, *, by: int | None, at: datetime
) -> None:
    """Give a number to a signed document line and place it on its day."""
    where = place(session, adjustment.store_id or (adjustment.store.id if adjustment.store else 0))
    adjustment.currency = adjustment.currency or where.currency
    digits = currency_digits(adjustment.currency)
    if not adjustment.amount or round(adjustment.amount, digits) != adjustment.amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=adjustment.currency), field="amount")
    adjustment.at = adjustment.at or at
    adjustment.business_date = where.day(adjustment.at)
    adjustment.rate = adjustment.rate or where.rate(None)
    adjustment.amount_company = convert(adjustment.amount, adjustment.rate, where.company_currency)
    adjustment.country = adjustment.country or where.country
    if not adjustment.number:
        adjustment.number = next_number(
            session, ADJUSTMENT_NUMBERS, at=adjustment.at, zone=where.time_zone
        )
    session.add(adjustment)
    session.flush()
    emit(
        session,
        "adjustment.added",
        adjustment_id=adjustment.id,
        store_id=adjustment.store_id,
        business_date=adjustment.business_date,
        amount=adjustment.amount_company,
    )
