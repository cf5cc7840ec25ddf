"""Money for orders: what was settled counts, and the order's payment state follows from it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.operations import add_to_timeline
from app.kit.access import Right, may, reader_or_none
from app.kit.choices import move
from app.kit.database.locking import lock
from app.kit.database.model import linked_id
from app.kit.errors import Conflict, CrmError, Invalid
from app.kit.events import emit
from app.kit.money import ZERO, round_amount
from app.orders.choices import (
    BY_PROVIDER,
    PAYMENT_MOVES,
    TOLD_MOVES,
    OrderStatus,
    PaymentDirection,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
    ReturnStatus,
)
from app.orders.models import GoodsReturn, Order, Payment
from app.orders.operations.figures import payment_state
from app.orders.operations.placing import facts
from app.orders.operations.refundable import (
    due_of,
    money_of,
    nothing_left,
    open_ways,
    return_of,
    usual_amount,
    why_not_back,
    why_not_beyond,
    why_not_in,
    why_not_without_order,
)
from app.orders.operations.returnable import order_of
from app.orders.operations.selling_store import selling_store
from app.value.models import Certificate
from app.value.operations import give_back, redeem

# To say what a provider has done is to put money into the books that nobody counts.
TELL: Right = ("tell", "Payment")
_OPEN = {PaymentStatus.PENDING, PaymentStatus.TO_CHECK}
_OPEN_WHEN_TOLD = _OPEN | {PaymentStatus.FAILED, PaymentStatus.CANCELLED}


def add_payment(  # noqa: PLR0913 -- a payment has as many facts
    session: Session,
    order: Order | None,
    *,
    amount: Decimal | None,
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
    session: Session,
    payment: Payment,
    *,
    by: int | None,
    at: datetime,
    settled: bool = True,
    told: bool = False,
) -> Payment:
    """Complete a payment from what it is for, and book it.

    Without an amount it takes what is due, or gives back what is owed. The one that is there when
    it was told before. `told`: see `book_told`. Raises Invalid, Conflict.
    """
    with session.no_autoflush:
        _name_alike(payment)
        document = _purpose(session, payment)
        known = _known(session, payment)
        if known is not None:
            if settled and known.status in (_OPEN_WHEN_TOLD if told else _OPEN):
                _settle(session, known, document, by=by, at=at, told=told)
            return known
        if settled and not told and payment.direction is PaymentDirection.RETURNED:
            _raise(why_not_without_order(document))
        _complete(session, payment, document, at, told=told)
        if not told and payment.direction is PaymentDirection.RECEIVED:
            _raise(why_not_in(session, payment, document))
        session.add(payment)
    session.flush()
    if settled:
        _settle(session, payment, document, by=by, at=at, told=told)
    return payment


def book_told(session: Session, payment: Payment, *, by: int | None, at: datetime) -> Payment:
    """Book what a program sends: with a provider's reference it tells what the provider has done.

    That is done, in whatever order it is told. Money in counts, more than was due included. Money
    out that this provider cannot have had for the order is kept `to_check` for a person to look at
    and counts nowhere, until what explains it is told; told again it is looked at again, also when
    a person has cancelled it. A reference typed into a form tells nothing, nor does that of a
    program without the right to tell: these are asked as for any other payment.
    """
    told = bool(payment.external_ref) and payment.method in BY_PROVIDER
    told = told and (reader_or_none() is None or may(*TELL))
    return book_payment(session, payment, by=by, at=at, told=told)


def _name_alike(payment: Payment) -> None:
    """Write the provider and its reference in one way: the same event is the same payment.

    What is left out (an empty field of a form, null, nothing) is none. A blank text that a program
    says is a mistake of the program: booked without its provider, the payment would be nobody's.
    """
    payment.provider = _said("provider", payment.provider)
    payment.external_ref = _said("external_ref", payment.external_ref)
    if payment.provider is not None:
        payment.provider = payment.provider.casefold()


def _said(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    if not (words := text.strip()):
        raise Invalid(_l("Write it, or leave it out: a blank text says nothing."), field=field)
    return words


def _complete(
    session: Session,
    payment: Payment,
    document: Order | GoodsReturn,
    at: datetime,
    *,
    told: bool,
) -> None:
    """Give the payment what follows from its document. Raises Invalid, Conflict."""
    payment.direction = payment.direction or PaymentDirection.RECEIVED
    if (payment.method is PaymentMethod.CERTIFICATE) != bool(linked_id(payment, "certificate")):
        raise Invalid(_l("Name the certificate it is paid with."), field="certificate")
    if payment.amount is None:
        payment.amount = usual_amount(session, payment, document, told=told)
        if not payment.amount:
            raise Conflict(nothing_left(payment.direction), field="amount")
    if payment.amount <= 0 or round_amount(payment.amount, document.currency) != payment.amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=document.currency), field="amount")
    _check_tendered(payment, document.currency)
    payment.store_id = _till_of(session, payment, document)
    payment.client_id = document.client_id
    payment.currency = document.currency
    payment.status = PaymentStatus.PENDING
    payment.at = at
    payment.business_date = selling_store(session, payment.store_id).day(at)


def _till_of(session: Session, payment: Payment, document: Order | GoodsReturn) -> int:
    """Return the store whose money it is: where the goods came back, else where they were sold."""
    return (return_of(session, payment) or document).store_id


def _check_tendered(payment: Payment, currency: str) -> None:
    tendered = payment.tendered
    if tendered is None:
        return
    cash_in = (PaymentMethod.CASH, PaymentDirection.RECEIVED)
    if (payment.method, payment.direction) != cash_in:
        raise Invalid(_l("“Handed over” is for cash only."), field="tendered")
    if round_amount(tendered, currency) != tendered:
        raise Invalid(_l("This is not an amount of %(c)s.", c=currency), field="tendered")
    if tendered < payment.amount:
        raise Invalid(_l("Less was handed over than is paid."), field="tendered")


def _raise(refusal: CrmError | None) -> None:
    if refusal is not None:
        raise refusal


def _purpose(session: Session, payment: Payment) -> Order | GoodsReturn:
    """Return the order or the return that a payment is for, locked: payments of it come in turn."""
    goods_return = return_of(session, payment)
    order = payment.order or (session.get(Order, payment.order_id) if payment.order_id else None)
    if goods_return is not None:
        if goods_return.status is not ReturnStatus.RECEIVED:
            raise Conflict(_l("Receive the return first."), field="goods_return")
        if order is None and goods_return.order_id is not None:
            # Money for a return counts on its order too, or it could be given back twice.
            order = order_of(session, goods_return)
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
    if known is not None and not _says_the_same(payment, known):
        raise Conflict(
            _l("This reference of the provider is booked already."), field="external_ref"
        )
    return known


def _says_the_same(payment: Payment, known: Payment) -> bool:
    """Whether what is told is what was told before; without an amount, whatever that came to."""
    direction = payment.direction or PaymentDirection.RECEIVED
    told = payment.order_id, direction, payment.method
    same_amount = payment.amount is None or payment.amount == known.amount
    return same_amount and told == (known.order_id, known.direction, known.method)


def settle_payment(session: Session, payment: Payment, *, by: int | None, at: datetime) -> None:
    """Note that the money is there, or gone back; with a certificate, its balance follows.

    Raises Conflict for more than is due, or can be given back.
    """
    _settle(session, payment, _purpose(session, payment), by=by, at=at)


def _settle(
    session: Session,
    payment: Payment,
    document: Order | GoodsReturn,
    *,
    by: int | None,
    at: datetime,
    told: bool = False,
) -> None:
    """Settle a payment of a locked document; what was told and cannot be is kept to be checked."""
    back = payment.direction is PaymentDirection.RETURNED
    with session.no_autoflush:
        refusal = (why_not_back if back else why_not_in)(session, payment, document)
        if back and not told and payment.status is not PaymentStatus.TO_CHECK:
            refusal = (
                why_not_without_order(document)
                or refusal
                or why_not_beyond(session, payment, document)
            )
    if refusal is not None and not told:
        raise refusal
    if refusal is not None and back:
        _keep_to_check(session, payment)
        return
    # What it says reaches the database settled and at once: from then on it stands.
    with session.no_autoflush:
        if payment.at != at:
            payment.at = at
            payment.business_date = selling_store(session, payment.store_id).day(at)
        move(payment, TOLD_MOVES if told else PAYMENT_MOVES, PaymentStatus.SETTLED)
    _move_value(session, payment, by=by, at=at)
    session.flush()
    if isinstance(document, Order):
        update_paid(session, document, at)
    _tell_settled(session, payment, at)
    if isinstance(document, Order):
        _follow(session, document, back=back, by=by, at=at)


def _keep_to_check(session: Session, payment: Payment) -> None:
    if payment.status is PaymentStatus.TO_CHECK:
        return
    move(payment, TOLD_MOVES, PaymentStatus.TO_CHECK)
    session.flush()
    _tell(session, "payment.to_check", payment)


def _tell(session: Session, event: str, payment: Payment) -> None:
    emit(
        session,
        event,
        payment_id=payment.id,
        order_id=payment.order_id,
        direction=payment.direction.value,
        amount=payment.amount,
    )


def _follow(session: Session, order: Order, *, back: bool, by: int | None, at: datetime) -> None:
    """Bring what waits in line with what has just been settled."""
    if back:
        _shorten_proposals(session, order)
        return
    for payment in waiting(session, order, PaymentStatus.TO_CHECK):
        # The provider told of the refund before it told of the payment.
        if why_not_back(session, payment, order) is None:
            _settle(session, payment, order, by=by, at=at)
    if order.status is OrderStatus.CANCELLED:
        propose_refunds(session, order, by=by, at=at)


def waiting(session: Session, order: Order, status: PaymentStatus) -> list[Payment]:
    """Return what waits in this status to go back for the order, the oldest first."""
    mine = (
        Payment.order_id == order.id,
        Payment.direction == PaymentDirection.RETURNED,
        Payment.status == status,
    )
    return list(session.scalars(select(Payment).where(*mine).order_by(Payment.id)))


def propose_refunds(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Let all that is paid wait to go back by the way it came; a certificate gets its own at once.

    What a certificate paid never left the house, so that nobody has to hand it over.
    """
    proposed = waiting(session, order, PaymentStatus.PENDING)
    for way in open_ways(session, order):
        mine = [one.amount for one in proposed if _way_of(one) == (way.method, way.certificate_id)]
        amount = way.left - sum(mine, ZERO)
        if amount <= 0:
            continue
        payment = Payment(
            order_id=order.id,
            direction=PaymentDirection.RETURNED,
            method=way.method,
            certificate_id=way.certificate_id,
            amount=amount,
        )
        at_once = way.certificate_id is not None
        book_payment(session, payment, by=by, at=at, settled=at_once)


def refund_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Give back, each by the way it came, all that is still paid for a cancelled order."""
    lock(session, order)
    if order.status is not OrderStatus.CANCELLED:
        raise Conflict(_l("Only what was paid for a cancelled order goes back as a whole."))
    if order.paid <= 0:
        raise Conflict(_l("Nothing is left to give back."))
    propose_refunds(session, order, by=by, at=at)
    for payment in waiting(session, order, PaymentStatus.PENDING):
        if payment.external_ref is None:
            _settle(session, payment, order, by=by, at=at)


def _shorten_proposals(session: Session, order: Order) -> None:
    """Propose no more than is left: somebody, or the provider, was faster."""
    left = {(way.method, way.certificate_id): way.left for way in open_ways(session, order)}
    for payment in waiting(session, order, PaymentStatus.PENDING):
        if payment.external_ref is not None:
            continue
        rest = left.get(_way_of(payment), ZERO)
        if rest:
            payment.amount = min(payment.amount, rest)
            left[_way_of(payment)] = rest - payment.amount
        else:
            move(payment, PAYMENT_MOVES, PaymentStatus.CANCELLED)
    session.flush()


def _way_of(payment: Payment) -> tuple[PaymentMethod, int | None]:
    return payment.method, payment.certificate_id


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
    _tell(session, "payment.settled", payment)


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


def update_paid(session: Session, order: Order, at: datetime) -> None:
    """Set the order's paid sums and payment state from its settled payments. Requires its lock."""
    received, given_back = money_of(session, order)
    before, order.paid, order.refunded = order.payment_state, received - given_back, given_back
    order.payment_state = payment_state(due_of(order), received, given_back)
    session.flush()
    if order.payment_state is PaymentState.PAID and before is not PaymentState.PAID:
        emit(session, "order.paid", **facts(order, at))
