"""No money leaves twice: not by another way than it came, not beyond a return, not unseen."""

from decimal import Decimal
from itertools import product

import pytest
from sqlalchemy import BigInteger, bindparam, select

from app.kit.errors import Conflict, Invalid
from app.orders import operations, queries
from app.orders.choices import (
    PaymentDirection,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
)
from app.orders.models import GivenForReturn, Payment
from app.orders.operations import Item, ReturnItem
from app.orders.operations.figures import payment_state
from tests.factories import (
    balance_of,
    make_certificate,
    make_completed_order,
    make_store,
    make_variant,
)
from tests.orders.paying import (
    CARD,
    CASH,
    CERTIFICATE,
    EDGE,
    ONLINE,
    RETURNED,
    bring_back,
    nothing_disagrees,
    order_of,
    pay,
    refund,
    told,
)


@pytest.fixture
def store(session):
    return make_store(session)


@pytest.fixture(autouse=True)
def _nothing_disagrees(session):
    yield
    nothing_disagrees(session)


# --- how far an order is paid -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "received", "given_back", "state"),
    [
        (0, 0, 0, "nothing_due"),
        (20, 0, 0, "unpaid"),
        (20, 5, 0, "partly_paid"),
        (20, 20, 0, "paid"),
        (20, 25, 0, "overpaid"),
        (0, 20, 0, "overpaid"),
        (10, 20, 0, "overpaid"),
        (10, 20, 10, "paid"),
        (20, 25, 5, "paid"),
        (20, 20, 5, "partly_paid"),
        (10, 20, 5, "overpaid"),
        (10, 20, 20, "refunded"),
        (0, 20, 20, "refunded"),
        (20, 20, 20, "refunded"),
        # Told before this was refused: more went out than came in.
        (20, 0, 10, "refunded"),
        (0, 10, 500, "refunded"),
        # Paid, given back, paid again.
        (20, 40, 20, "paid"),
    ],
)
def test_how_far_an_order_is_paid(session, due, received, given_back, state):
    amounts = [Decimal(one) for one in (due, received, given_back)]
    assert payment_state(*amounts) is PaymentState(state)
    assert in_sql(session, *amounts) == state


def test_every_order_has_a_state_and_sql_says_the_same(session):
    for amounts in product((Decimal(0), Decimal(10), Decimal(20)), repeat=3):
        assert in_sql(session, *amounts) == payment_state(*amounts).value


def in_sql(session, *amounts):
    values = [bindparam(None, int(one), BigInteger) for one in amounts]
    return session.scalar(select(queries.payment_state_of(*values)))


def test_twenty_paid_ten_of_goods_back_and_twenty_given_back_is_refunded(session, store):
    item = Item(2, make_variant(session, price=Decimal(10)).id)
    order = make_completed_order(session, item, store=store)
    pay(session, order, 20)
    bring_back(session, order)
    refund(session, order, 20)
    assert (order.paid, order.refunded, order.returned) == (0, 20, 10)
    assert order.payment_state is PaymentState.REFUNDED


# --- by the way it came -------------------------------------------------------------------------


def test_money_goes_back_as_it_came_and_by_no_other_way(session, store):
    order = order_of(session, store, 30)
    pay(session, order, 20, CARD)
    pay(session, order, 10, CASH)
    for method in PaymentMethod:
        if method not in {CARD, CASH, CERTIFICATE}:
            with pytest.raises(Conflict, match="Only €0"):
                refund(session, order, 1, method)
    with pytest.raises(Conflict, match="Only €10"):
        refund(session, order, "10.01", CASH)
    refund(session, order, 10, CASH)
    with pytest.raises(Conflict, match=r"Only €20.00 .*\(Card terminal\)"):
        refund(session, order, 21, CARD)
    refund(session, order, 20, CARD)
    assert order.payment_state is PaymentState.REFUNDED


def test_a_reference_typed_into_a_form_opens_nothing(session, store):
    order = order_of(session, store, 500)
    pay(session, order, 10, CARD)
    for method, amount in ((CASH, 500), (CASH, 10), (CARD, 10)):
        # By card too: this provider had nothing, and cannot have given anything back.
        typed = {"provider": "Bank", "external_ref": f"{method} {amount}"}
        with pytest.raises(Conflict, match="Only €0"):
            refund(session, order, amount, method, **typed)
    assert order.paid == 10


def test_a_pending_refund_is_checked_when_it_is_settled(session, store):
    order = order_of(session, store, 10)
    pay(session, order, 10, CARD)
    waiting = refund(session, order, 10, CASH, settled=False)
    with pytest.raises(Conflict, match="Only €0"):
        operations.settle_payment(session, waiting, **EDGE)
    session.refresh(waiting)
    operations.cancel_payment(session, waiting, **EDGE)


def test_a_certificate_gets_back_what_that_very_certificate_paid(session, store):
    order = order_of(session, store, 30)
    one, other = make_certificate(session), make_certificate(session)
    pay(session, order, 20, CERTIFICATE, certificate=one)
    pay(session, order, 10, CERTIFICATE, certificate=other)
    with pytest.raises(Conflict, match="Only €0"):
        refund(session, order, 30, CASH)
    with pytest.raises(Conflict, match="Only €10"):
        refund(session, order, 20, CERTIFICATE, certificate=other)
    refund(session, order, 20, CERTIFICATE, certificate=one)
    assert (balance_of(session, one), balance_of(session, other)) == (50, 40)


def test_without_an_amount_a_payment_takes_what_is_due_and_a_refund_gives_what_is_owed(
    session, store
):
    order = order_of(session, store, 30)
    certificate = make_certificate(session, amount=Decimal(12))
    assert pay(session, order, None, CERTIFICATE, certificate=certificate).amount == 12
    assert pay(session, order, None, CARD).amount == 18
    with pytest.raises(Conflict, match="Nothing is due"):
        pay(session, order, None, CARD)
    # All of it is owed back as soon as it came back.
    bring_back(session, order)
    assert refund(session, order, None, CARD).amount == 18
    with pytest.raises(Conflict, match="Nothing is owed back"):
        refund(session, order, None, CARD)


# --- for a return -------------------------------------------------------------------------------


def test_a_return_gives_no_more_than_it_is_worth_and_once(session, store):
    item = Item(3, make_variant(session, price=Decimal(40)).id)
    order = make_completed_order(session, item, store=store)
    pay(session, order, 120)
    back = bring_back(session, order, 2)
    assert back.total == 80
    with pytest.raises(Conflict, match=r"Only €80.00 can still"):
        refund(session, order, 120, goods_return=back)
    refund(session, order, 50, goods_return=back)
    assert refund(session, order, None, goods_return=back).amount == 30
    with pytest.raises(Conflict, match=r"Only €0.00 can still"):
        refund(session, order, 1, goods_return=back)
    given = select(GivenForReturn.total, GivenForReturn.given)
    assert tuple(session.execute(given).one()) == (80, 80)


def test_what_was_given_for_a_loose_return_may_be_handed_back_and_no_more(session, store):
    sold = Item(2, make_variant(session, price=Decimal(3)).id)
    pay(session, make_completed_order(session, sold, store=store), 6)
    items = [ReturnItem(2, variant_id=sold.variant_id, unit_price=Decimal(3))]
    back = operations.take_back(session, items, store_id=store.id, **EDGE)

    def move(amount, direction):
        return operations.add_payment(
            session,
            None,
            goods_return=back,
            amount=Decimal(amount),
            method=CASH,
            direction=direction,
            **EDGE,
        )

    move(6, RETURNED)
    move(2, PaymentDirection.RECEIVED)
    with pytest.raises(Conflict, match=r"Only €4.00 went out"):
        move(5, PaymentDirection.RECEIVED)
    move(2, RETURNED)


# --- what a provider tells ----------------------------------------------------------------------


def test_a_refund_that_a_provider_made_is_booked_as_it_came(session, store):
    order = order_of(session, store, 50)
    told(session, order, 50, "pi_1", PaymentDirection.RECEIVED)
    assert told(session, order, 20, "re_1").status is PaymentStatus.SETTLED
    assert (order.paid, order.refunded) == (30, 20)


def test_what_a_provider_cannot_have_given_back_is_kept_for_a_person(session, store):
    order = order_of(session, store, 100)
    told(session, order, 50, "pi_1", PaymentDirection.RECEIVED)
    pay(session, order, 50, ONLINE, provider="paypal")
    kept = told(session, order, 60, "re_1")
    assert kept.status is PaymentStatus.TO_CHECK
    assert (order.paid, order.refunded) == (100, 0)
    assert told(session, order, 60, "re_1").id == kept.id
    with pytest.raises(Conflict, match="Only €50"):
        operations.settle_payment(session, kept, **EDGE)
    session.refresh(kept)
    operations.cancel_payment(session, kept, **EDGE)
    assert kept.status is PaymentStatus.CANCELLED


def test_a_refund_told_before_its_payment_counts_as_soon_as_that_is_told(session, store):
    order = order_of(session, store, 50)
    early = told(session, order, 20, "re_1")
    assert (early.status, order.paid) == (PaymentStatus.TO_CHECK, 0)
    told(session, order, 50, "pi_1", PaymentDirection.RECEIVED)
    assert (early.status, order.paid, order.refunded) == (PaymentStatus.SETTLED, 30, 20)


@pytest.mark.parametrize("amount", [None, 50])
def test_an_event_told_without_its_amount_is_told_again(session, store, amount):
    order = order_of(session, store, 50)

    def tell(amount):
        facts = {"method": ONLINE, "provider": "stripe", "external_ref": "pi_1"}
        amount = None if amount is None else Decimal(amount)
        payment = Payment(order_id=order.id, amount=amount, **facts)
        return operations.book_told(session, payment, **EDGE)

    first = tell(None)
    assert (tell(amount).id, order.paid) == (first.id, 50)
    with pytest.raises(Conflict, match="booked already"):
        tell(49)


def test_cash_is_told_by_no_provider(session, store):
    order = order_of(session, store, 500)
    pay(session, order, 10, CARD)
    with pytest.raises(Conflict, match="Only €0"):
        told(session, order, 500, "x_1", method=CASH)


def test_what_a_provider_took_beyond_what_was_due_is_in_the_books(session, store):
    order = order_of(session, store, 50)
    told(session, order, 60, "pi_1", PaymentDirection.RECEIVED)
    assert (order.paid, order.payment_state) == (60, PaymentState.OVERPAID)


# --- paying too much ----------------------------------------------------------------------------


def test_change_is_given_in_cash_and_the_books_hold_what_was_due(session, store):
    order = order_of(session, store, "17.30")
    with pytest.raises(Conflict, match=r"Only €17.30 is due.*€2.70 goes back as change"):
        pay(session, order, 20)
    payment = pay(session, order, None, tendered=Decimal(20))
    assert (payment.amount, order.paid) == (Decimal("17.30"), Decimal("17.30"))
    session.refresh(payment)
    assert payment.change == Decimal("2.70")


def test_what_is_handed_over_may_be_less_than_what_is_due(session, store):
    order = order_of(session, store, 30)
    assert pay(session, order, None, tendered=Decimal(20)).amount == 20
    assert order.payment_state is PaymentState.PARTLY_PAID


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"method": CARD, "tendered": Decimal(30)}, "tendered"),
        ({"method": CASH, "tendered": Decimal(5)}, "tendered"),
        ({"method": CASH, "tendered": Decimal("30.005")}, "tendered"),
    ],
)
def test_only_cash_is_handed_over_and_no_less_than_is_paid(session, store, more, field):
    with pytest.raises(Invalid) as refused:
        pay(session, order_of(session, store, 10), 10, **more)
    assert refused.value.field == field


@pytest.mark.parametrize("method", [one for one in PaymentMethod if one is not CERTIFICATE])
def test_no_way_takes_more_than_is_due(session, store, method):
    order = order_of(session, store, 10)
    with pytest.raises(Conflict, match="Only €10"):
        pay(session, order, "10.01", method)
    pay(session, order, 10, method)
    with pytest.raises(Conflict, match="Nothing is due"):
        pay(session, order, 1, method)


def test_a_certificate_takes_what_is_due_at_most(session, store):
    order = order_of(session, store, 10)
    certificate = make_certificate(session)
    with pytest.raises(Conflict, match="Only €10"):
        pay(session, order, 50, CERTIFICATE, certificate=certificate)
    assert balance_of(session, certificate) == 50


def test_only_a_payment_by_certificate_names_one(session, store):
    order = order_of(session, store, 10)
    card = make_certificate(session)
    for method, certificate in ((CASH, card), (CERTIFICATE, None)):
        with pytest.raises(Invalid, match="Name the certificate") as refused:
            pay(session, order, 10, method, certificate=certificate)
        assert refused.value.field == "certificate"


def test_two_pending_payments_are_not_both_settled(session, store):
    order = order_of(session, store, 10)
    one, two = (pay(session, order, 10, CARD, settled=False) for _ in range(2))
    operations.settle_payment(session, one, **EDGE)
    with pytest.raises(Conflict, match="Nothing is due"):
        operations.settle_payment(session, two, **EDGE)
    session.refresh(two)


# --- calling off --------------------------------------------------------------------------------


@pytest.fixture
def mixed(session, store):
    """An order of 100 paid by card, cash and certificate, and the certificate."""
    order = order_of(session, store, 100, completed=False)
    certificate = make_certificate(session, amount=Decimal(30))
    pay(session, order, 40, CARD)
    pay(session, order, 30, CASH)
    pay(session, order, None, CERTIFICATE, certificate=certificate)
    return order, certificate


def proposed(session, order):
    rows = session.execute(
        select(Payment.method, Payment.amount).where(
            Payment.order_id == order.id,
            Payment.direction == RETURNED,
            Payment.status == PaymentStatus.PENDING,
        )
    )
    return {row.method: row.amount for row in rows}


def test_calling_off_proposes_each_way_back_and_fills_the_certificate_at_once(session, mixed):
    order, certificate = mixed
    operations.cancel_order(session, order, **EDGE)
    assert balance_of(session, certificate) == 30
    assert proposed(session, order) == {CARD: 40, CASH: 30}
    assert (order.paid, order.payment_state) == (70, PaymentState.OVERPAID)
    operations.refund_order(session, order, **EDGE)
    assert proposed(session, order) == {}
    assert (order.paid, order.refunded) == (0, 100)
    assert order.payment_state is PaymentState.REFUNDED
    with pytest.raises(Conflict, match="Nothing is left"):
        operations.refund_order(session, order, **EDGE)


def test_proposals_shrink_with_what_goes_back_otherwise(session, mixed):
    order, _certificate = mixed
    operations.cancel_order(session, order, **EDGE)
    refund(session, order, 10, CASH)
    assert proposed(session, order) == {CARD: 40, CASH: 20}
    refund(session, order, 40, CARD)
    assert proposed(session, order) == {CASH: 20}
    operations.refund_order(session, order, **EDGE)
    assert (order.paid, order.refunded) == (0, 100)


def test_money_that_comes_after_the_calling_off_is_proposed_too(session, store):
    order = order_of(session, store, 50, completed=False)
    operations.cancel_order(session, order, **EDGE)
    assert order.payment_state is PaymentState.NOTHING_DUE
    with pytest.raises(Conflict, match="Nothing is due"):
        pay(session, order, 50, CARD)
    told(session, order, 50, "pi_late", PaymentDirection.RECEIVED)
    assert proposed(session, order) == {ONLINE: 50}


def test_an_order_that_stands_is_not_refunded_as_a_whole(session, mixed):
    with pytest.raises(Conflict, match="cancelled"):
        operations.refund_order(session, mixed[0], **EDGE)
