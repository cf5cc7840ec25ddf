"""A fee, a discount given later and a debt given up change what is due for their order."""

from decimal import Decimal

import pytest
from sqlalchemy import update

from app.kit.access import MissingRight
from app.kit.database.stamp import Role, company_stamp
from app.kit.errors import Conflict
from app.orders import operations, queries
from app.orders.choices import PaymentState
from app.orders.models import Order
from app.orders.operations import ReturnItem
from app.orders.operations.refundable import REFUND_BEYOND
from tests.factories import make_adjustment, make_certificate, make_draft, make_order, make_store
from tests.orders.paying import (
    CASH,
    EDGE,
    RETURNED,
    bring_back,
    nothing_disagrees,
    order_of,
    pay,
    refund,
)
from tests.orders.test_money_in_the_database import by_hand, refused_by
from tests.orders.test_owed_back import somebody


@pytest.fixture
def store(session):
    yield make_store(session)
    nothing_disagrees(session)


def adjust(session, order, amount):
    return make_adjustment(session, store_id=order.store_id, order=order, amount=Decimal(amount))


def test_a_discount_given_later_is_owed_back_and_not_collected_again(session, store):
    order = order_of(session, store, 100)
    pay(session, order, 100)
    adjust(session, order, -10)
    assert (order.adjusted, order.payment_state) == (-10, PaymentState.OVERPAID)
    with somebody():
        assert refund(session, order, None).amount == 10
        with pytest.raises(Conflict, match="Nothing is due"):
            pay(session, order, None)
    assert order.payment_state is PaymentState.PAID


@pytest.mark.parametrize(
    ("paid", "amount", "state"),
    [
        (0, -60, PaymentState.NOTHING_DUE),
        (40, -20, PaymentState.PAID),
        (40, -10, PaymentState.PARTLY_PAID),
        (60, 5, PaymentState.PARTLY_PAID),
    ],
)
def test_how_far_an_adjusted_order_is_paid(session, store, paid, amount, state):
    order = order_of(session, store, 60)
    if paid:
        pay(session, order, paid)
    adjust(session, order, amount)
    assert order.payment_state is state


def test_no_more_is_taken_off_than_is_due(session, store):
    """Four times the whole of an order, and the month has lost money that nobody owed."""
    order = order_of(session, store, 60)
    adjust(session, order, -40)
    with pytest.raises(Conflict, match=r"Only €20\.00 of this order can be taken off") as refused:
        adjust(session, order, -40)
    assert refused.value.field == "amount"
    adjust(session, order, "-19.99")
    with pytest.raises(Conflict, match=r"Only €0\.01 of"):
        adjust(session, order, "-0.02")
    adjust(session, order, "-0.01")
    gone = make_order(session, store=store)
    operations.cancel_order(session, gone, **EDGE)
    with pytest.raises(Conflict, match="Nothing is due for a cancelled order"):
        adjust(session, gone, 5)


def test_what_another_store_has_written_counts_whoever_writes_the_next(session, store, as_stamp):
    """What is due forgot it, and was collected again or given back."""
    order = order_of(session, store, 100)
    make_adjustment(session, store=make_store(session), order=order, amount=Decimal(-40))
    with as_stamp(company_stamp(1, user_id=7, store_ids=(store.id,), bound_as=Role.STORE)):
        adjust(session, order, 1)
    assert order.adjusted == -39


def test_a_fee_is_collected_and_a_debt_given_up_is_not(session, store):
    order, lost = (order_of(session, store, 60) for _ in range(2))
    adjust(session, order, 5)
    assert pay(session, order, None).amount == 65
    adjust(session, lost, -60)
    with pytest.raises(Conflict, match="Nothing is due"):
        pay(session, lost, None)


def test_all_that_came_back_owes_what_was_paid_and_no_more(session, store):
    order = order_of(session, store, 100)
    adjust(session, order, -10)
    pay(session, order, None)
    bring_back(session, order)
    with somebody():
        assert refund(session, order, None).amount == 90
    assert order.payment_state is PaymentState.REFUNDED


def test_pieces_are_worth_what_was_paid_after_the_discount(session, store):
    order = order_of(session, store, 100)
    adjust(session, order, -10)
    pay(session, order, None)
    items = [ReturnItem(1, variant_id=order.lines[0].variant_id)]
    with somebody():
        back = operations.take_back(session, items, store_id=store.id, **EDGE)
    by_return = {"goods_return": back, "method": CASH, "direction": RETURNED}
    given = operations.add_payment(session, None, amount=None, **by_return, **EDGE)
    assert given.amount == 90


def test_a_debt_given_up_does_not_make_goods_paid(session, store):
    order = order_of(session, store, 100)
    adjust(session, order, -100)
    items = [ReturnItem(1, variant_id=order.lines[0].variant_id)]
    with somebody(), pytest.raises(MissingRight):
        operations.take_back(session, items, store_id=store.id, **EDGE)


def test_an_adjustment_by_which_money_is_owed_back_is_goodwill(session, store):
    order = order_of(session, store, 100)
    with somebody():
        adjust(session, order, -20)
        pay(session, order, None)
        with pytest.raises(Conflict, match="owed back that the client has paid") as refused:
            adjust(session, order, -1)
        adjust(session, order, 1)
    assert refused.value.field == "amount"
    with somebody(REFUND_BEYOND):
        adjust(session, order, -2)
    assert (order.paid, order.adjusted) == (80, -21)


def test_an_adjustment_is_of_a_placed_order_in_its_currency(session, store):
    session.add(draft := make_draft(session, store=store))
    session.flush()
    with pytest.raises(Conflict, match="Place the order first"):
        adjust(session, draft, 1)
    order = order_of(session, store, 10)
    abroad = make_store(session, currency="JPY")
    with pytest.raises(Conflict, match="another currency"):
        make_adjustment(session, store=abroad, order=order, rate=Decimal("0.006"))


def test_a_certificate_pays_what_is_due_after_the_adjustment(session, store):
    order = order_of(session, store, 20)
    adjust(session, order, -5)
    card = {"certificate_id": make_certificate(session).id}
    with refused_by("ck_payment_due"):
        by_hand(session, order, 16, "certificate", "received", **card)


def test_the_check_knows_what_an_order_was_adjusted_by(session, store):
    order = order_of(session, store, 10)
    adjust(session, order, 1)
    with session.begin_nested() as planted:
        session.execute(update(Order).where(Order.id == order.id).values(adjusted=2))
        assert [row[0] for row in session.execute(queries.adjusted_that_disagrees())] == [order.id]
        planted.rollback()
