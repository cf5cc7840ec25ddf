"""Orders, payments and refunds in a line each, for the tests of money that may not leave."""

from decimal import Decimal

from app.orders import operations, queries
from app.orders.choices import PaymentDirection, PaymentMethod
from app.orders.models import Payment
from app.orders.operations import Item, ReturnItem
from tests.factories import NOON, make_completed_order, make_order, make_payment, make_variant

RETURNED = PaymentDirection.RETURNED
CASH, CARD, ONLINE = PaymentMethod.CASH, PaymentMethod.CARD, PaymentMethod.ONLINE
CERTIFICATE = PaymentMethod.CERTIFICATE
EDGE = {"by": None, "at": NOON}
_INVARIANTS = (
    queries.paid_that_disagrees,
    queries.refunded_that_disagrees,
    queries.payment_states_that_disagree,
    queries.ways_that_disagree,
    queries.given_that_disagrees,
    queries.adjusted_that_disagrees,
)


def order_of(session, store, price, *, completed=True):
    """An order of one piece at `price`."""
    item = Item(1, make_variant(session, price=Decimal(price)).id)
    make = make_completed_order if completed else make_order
    return make(session, item, store=store)


def pay(session, order, amount, method=CASH, **more):
    amount = None if amount is None else Decimal(amount)
    return make_payment(session, order=order, amount=amount, method=method, **more)


def refund(session, order, amount, method=CASH, **more):
    return pay(session, order, amount, method, direction=RETURNED, **more)


def told(session, order, amount, ref, direction=RETURNED, *, method=ONLINE, provider="stripe"):
    """What a program says that a provider has done."""
    payment = Payment(
        order_id=order.id,
        amount=Decimal(amount),
        direction=direction,
        method=method,
        provider=provider,
        external_ref=ref,
    )
    return operations.book_told(session, payment, **EDGE)


def bring_back(session, order, quantity=1):
    items = [ReturnItem(quantity, order_line_id=order.lines[0].id)]
    return operations.take_back(session, items, store_id=order.store_id, order=order, **EDGE)


def nothing_disagrees(session):
    """The kept sums are those of the settled payments."""
    if session.is_active:
        session.flush()
        broken = {one.__name__: session.execute(one()).all() for one in _INVARIANTS}
        assert {name: rows for name, rows in broken.items() if rows} == {}
