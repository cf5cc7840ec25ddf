"""Money for orders: what was settled counts, and the order's payment state follows from it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.clients.operations import add_to_timeline
from app.kit.choices import move
from app.kit.database.locking import lock
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import convert, money_sum, round_amount
from app.kit.money_text import amount_text
from app.kit.numbering import Period, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.choices import (
    PAYMENT_MOVES,
    OrderStatus,
    PaymentDirection,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
    ReturnStatus,
)
from app.orders.models import Adjustment, GoodsReturn, Order, Payment
from app.orders.operations.figures import payment_state
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
            if settled and known.status is PaymentStatus.PENDING:
                settle_payment(session, known, by=by, at=at)
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
        _settle(session, payment, document, by=by, at=at)
    return payment


def _certificate_id(payment: Payment) -> int | None:
    return payment.certificate_id or (payment.certificate.id if payment.certificate else None)


def _purpose(session: Session, payment: Payment) -> Order | GoodsReturn:
    """Return the order or the return that a payment is for, locked: payments of it come in turn."""
    goods_return = payment.goods_return
    if goods_return is None and payment.goods_return_id:
        goods_return = session.get(GoodsReturn, payment.goods_return_id)
    order = payment.order or (session.get(Order, payment.order_id) if payment.order_id else None)
    if goods_return is not None:
        if goods_return.status is not ReturnStatus.RECEIVED:
            raise Conflict(_l("Receive the return first."), field="goods_return")
        if order is None and goods_return.order_id is not None:
            # Money for a return counts on its order too, or it could be given back twice.
            order = session.get_one(Order, goods_return.order_id)
        if (order.id if order else None) != goods_return.order_id:
            raise Invalid(_l("This return belongs to another order."), field="goods_return")
    document = order or goods_return
    if document is None:
        raise Invalid(_l("A payment belongs to an order or a return."), field="order")
    lock(session, document)
    if isinstance(document, Order):
        if document.status is OrderStatus.DRAFT:
            raise Conflict(_l("Place the order first."), field="order")
        payment.order_id = document.id
    return document


def _known(session: Session, payment: Payment) -> Payment | None:
    """Return the payment that the provider told of before. Raises Conflict for another one."""
    if not payment.external_ref:
        return None
    known = session.scalar(
        select(Payment).where(
            Payment.provider == payment.provider, Payment.external_ref == payment.external_ref
        )
    )
    if known is not None and _facts(known) != _facts(payment):
        raise Conflict(
            _l("This reference of the provider is booked already."), field="external_ref"
        )
    return known


def _facts(payment: Payment) -> tuple[Any, ...]:
    direction = payment.direction or PaymentDirection.RECEIVED
    return payment.order_id, direction, payment.method, payment.amount


def settle_payment(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    """Note that the money is there, or gone back; with a certificate, its balance follows.

    Raises Conflict for more given back than was received.
    """
    _settle(session, payment, _purpose(session, payment), by=by, at=at)


def _settle(
    session: Session,
    payment: Payment,
    document: Order | GoodsReturn,
    *,
    by: int | None,
    at: datetime,
) -> None:
    """Settle a payment of a locked document."""
    # What a provider did is done, in whatever order it tells; by hand no more goes out than came.
    if payment.direction is PaymentDirection.RETURNED and payment.external_ref is None:
        _refuse_too_much_back(session, payment, document)
    move(payment, PAYMENT_MOVES, PaymentStatus.SETTLED)
    if payment.at != at:
        payment.at = at
        payment.business_date = place(session, payment.store_id).day(at)
    _move_value(session, payment, by=by, at=at)
    session.flush()
    if isinstance(document, Order):
        update_paid(session, document, at)
    _tell_settled(session, payment, at)


def _refuse_too_much_back(
    session: Session, payment: Payment, document: Order | GoodsReturn
) -> None:
    left = document.paid if isinstance(document, Order) else _owed_for(session, document)
    if payment.amount > left:
        raise Conflict(
            _l(
                "Only %(left)s can be given back.",
                left=amount_text(max(left, Decimal(0)), document.currency),
            ),
            field="amount",
        )


def _owed_for(session: Session, goods_return: GoodsReturn) -> Decimal:
    """Return what the client has yet to get for a return whose order is not known."""
    with session.no_autoflush:
        given = session.scalar(
            select(money_sum(_signed())).where(
                Payment.goods_return_id == goods_return.id,
                Payment.status == PaymentStatus.SETTLED,
            )
        )
    return goods_return.total + (given or Decimal(0))


def _tell_settled(session: Session, payment: Payment, at: datetime) -> None:
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
    if payment.order_id is None:
        ref = ("goods_return", payment.goods_return_id or 0)
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


def _signed() -> ColumnElement[Decimal]:
    """Return what a payment adds to what was paid."""
    received = Payment.direction == PaymentDirection.RECEIVED
    return case((received, Payment.amount), else_=-Payment.amount)


def update_paid(session: Session, order: Order, at: datetime) -> None:
    """Set the order's paid sum and payment state from its settled payments. Requires its lock."""
    paid, received = session.execute(
        select(
            money_sum(_signed()),
            func.count().filter(Payment.direction == PaymentDirection.RECEIVED),
        ).where(Payment.order_id == order.id, Payment.status == PaymentStatus.SETTLED)
    ).one()
    before, order.paid = order.payment_state, paid
    order.payment_state = payment_state(order, any_received=bool(received))
    session.flush()
    if order.payment_state is PaymentState.PAID and before is not PaymentState.PAID:
        emit(session, "order.paid", **facts(order, at))


def add_adjustment(
    session: Session, adjustment: Adjustment, *, by: int | None, at: datetime
) -> None:
    """Give a number to a signed document line and place it on its day, in its store's currency."""
    where = place(session, adjustment.store_id or (adjustment.store.id if adjustment.store else 0))
    adjustment.currency = where.currency
    amount = adjustment.amount or Decimal(0)
    if not amount or round_amount(amount, where.currency) != amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=where.currency), field="amount")
    adjustment.at = adjustment.at or at
    adjustment.business_date = where.day(adjustment.at)
    adjustment.rate = where.typed_rate(adjustment.rate)
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
