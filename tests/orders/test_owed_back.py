"""By hand no more money goes out than is owed back, and goods come back once."""

from contextlib import contextmanager
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.company.operations.role_templates import template
from app.kit.access import MissingRight, reading
from app.kit.errors import Conflict
from app.orders import operations
from app.orders.choices import ChargeKind, PaymentState, PaymentStatus
from app.orders.models import GoodsReturn, Order
from app.orders.operations import Item, ReturnItem
from app.orders.operations.refundable import REFUND_BEYOND
from app.orders.operations.unmatched_returns import TAKE_BACK_UNSOLD
from tests import factories
from tests.factories import make_completed_order, make_store, make_variant
from tests.orders.paying import (
    CARD,
    CASH,
    EDGE,
    ONLINE,
    bring_back,
    nothing_disagrees,
    order_of,
    pay,
    refund,
    told,
)
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench

AT_THE_TILL = {("write", "Payment"), ("read", "money")}


@pytest.fixture
def store(session):
    yield make_store(session)
    nothing_disagrees(session)


@contextmanager
def somebody(*rights):
    """Somebody at the till, with these rights besides."""
    with reading(bench.reader_with(AT_THE_TILL | set(rights))):
        yield


@pytest.fixture
def half_back(session, store):
    """An order of 100 paid in cash, of which one piece of 50 is back; and that return."""
    order = make_completed_order(
        session, Item(2, make_variant(session, price=Decimal(50)).id), store=store
    )
    pay(session, order, 100)
    return order, bring_back(session, order)


def test_a_return_is_paid_out_once_for_itself_or_on_its_order(session, half_back):
    order, back = half_back
    with somebody():
        assert refund(session, order, None, goods_return=back).amount == 50
        with pytest.raises(Conflict, match="Nothing is owed back"):
            refund(session, order, None)
        with pytest.raises(Conflict, match=r"Only €0.00 is owed back") as refused:
            refund(session, order, 50)
    assert refused.value.field == "amount"
    assert (order.paid, order.payment_state) == (50, PaymentState.PAID)


def test_a_return_is_paid_out_once_on_its_order_or_for_itself(session, half_back):
    order, back = half_back
    with somebody():
        assert refund(session, order, None).amount == 50
        with pytest.raises(Conflict, match="Nothing is owed back"):
            refund(session, order, None, goods_return=back)
        with pytest.raises(Conflict, match=r"Only €0.00 is owed back"):
            refund(session, order, 50, goods_return=back)


def test_what_a_provider_gave_back_is_not_given_by_hand_again(session, store):
    order = order_of(session, store, 100)
    told(session, order, 100, "pi_1", operations.payments.PaymentDirection.RECEIVED)
    back = bring_back(session, order)
    told(session, order, 60, "re_1")
    with somebody():
        assert refund(session, order, None, ONLINE, goods_return=back).amount == 40
        with pytest.raises(Conflict):
            refund(session, order, None, ONLINE, goods_return=back)
    # The provider itself is believed, as before.
    assert order.payment_state is PaymentState.REFUNDED


def test_nothing_is_owed_back_for_an_order_that_stands(session, store):
    order = order_of(session, store, 30)
    pay(session, order, 30)
    with somebody(), pytest.raises(Conflict, match="Nothing is owed back"):
        refund(session, order, None)
    with somebody(), pytest.raises(Conflict, match=r"Only €0.00 is owed back"):
        refund(session, order, 5)


def test_goodwill_is_a_right_of_its_own_and_names_its_amount(session, half_back):
    order, back = half_back
    with somebody(REFUND_BEYOND):
        with pytest.raises(Conflict, match=r"Only €50.00 can still"):
            refund(session, order, 60, goods_return=back)
        assert refund(session, order, None).amount == 50
        with pytest.raises(Conflict, match="Nothing is owed back"):
            refund(session, order, None)
        refund(session, order, 50)
    assert order.payment_state is PaymentState.REFUNDED


def test_a_pending_refund_is_settled_within_what_is_owed(session, half_back):
    order, _back = half_back
    waiting = refund(session, order, 50, settled=False)
    refund(session, order, 50)
    with somebody(), pytest.raises(Conflict, match=r"Only €0.00 is owed back"):
        operations.settle_payment(session, waiting, **EDGE)
    session.refresh(waiting)
    assert waiting.status is PaymentStatus.PENDING


def test_whoever_is_at_the_till_calls_off_and_gives_everything_back(session, store):
    order = order_of(session, store, 30, completed=False)
    pay(session, order, 20, CARD)
    pay(session, order, 10, CASH)
    with somebody():
        operations.cancel_order(session, order, **EDGE)
        operations.refund_order(session, order, **EDGE)
    assert (order.paid, order.refunded) == (0, 30)


@pytest.mark.parametrize(
    ("role", "holds"),
    [
        ("owner", True),
        ("administrator", True),
        ("store_manager", True),
        ("accountant", True),
        ("order_manager", False),
        ("cashier", False),
        ("reception", False),
    ],
)
def test_who_gives_back_more_than_is_owed_and_takes_back_what_was_not_sold(app, role, holds):
    with app.app_context():
        held = template(role).rights({REFUND_BEYOND, TAKE_BACK_UNSOLD})
    assert held == ({REFUND_BEYOND, TAKE_BACK_UNSOLD} if holds else set())


def test_a_program_pays_a_return_out_once(client):
    with bench.at_work() as session:
        order = make_completed_order(
            session,
            Item(2, make_variant(session, price=Decimal(50)).id),
            store=make_store(session),
        )
        pay(session, order, 100)
        ids = {"order": order.id, "goods_return": bring_back(session, order).id}

    def give(**what):
        body = {"direction": "returned", "method": "cash", **what}
        once = {"Idempotency-Key": f"s{factories.number()}"}
        return client.post("/api/v1/payments", json=body, headers=once)

    first = give(goods_return=ids["goods_return"])
    assert (first.status_code, first.json["result"]["amount"]) == (201, "50.00")
    second = give(order=ids["order"])
    third = give(order=ids["order"], amount="50")
    assert [one.status_code for one in (second, third)] == [409, 409]
    assert "Payments: give back more than is owed" in third.json["detail"]
    with bench.at_work() as session:
        assert session.get_one(Order, ids["order"]).paid == 50


# --- goods come back once -----------------------------------------------------------------------


def test_what_came_back_without_its_order_does_not_come_back_with_it(session, store):
    rod = make_variant(session, price=Decimal(100))
    order = make_completed_order(session, Item(1, rod.id), store=store)
    pay(session, order, 100)
    with somebody():
        loose = [ReturnItem(1, variant_id=rod.id)]
        operations.take_back(session, loose, store_id=store.id, **EDGE)
        with pytest.raises(MissingRight) as refused:
            bring_back(session, order)
    assert refused.value.right == TAKE_BACK_UNSOLD


def test_a_draft_of_an_order_is_not_received_after_its_goods_came_back_loose(session, store):
    rod = make_variant(session, price=Decimal(100))
    order = make_completed_order(session, Item(1, rod.id), store=store)
    document = GoodsReturn(store_id=store.id, order_id=order.id)
    operations.save_return(session, document, **EDGE)
    line = {"goods_return_id": document.id, "variant_id": rod.id, "quantity": 1}
    session.add(operations.returns.ReturnLine(**line))
    operations.save_return(session, document, **EDGE)
    operations.take_back(session, [ReturnItem(1, variant_id=rod.id)], store_id=store.id, **EDGE)
    with somebody(), pytest.raises(MissingRight):
        operations.receive_return(session, document, **EDGE)
    session.refresh(document)
    with somebody(TAKE_BACK_UNSOLD):
        operations.receive_return(session, document, **EDGE)
    assert len(session.scalars(select(GoodsReturn.id)).all()) == 2


def test_one_sold_piece_does_not_come_back_on_two_lines(session, store):
    rod = make_variant(session, price=Decimal(100))
    make_completed_order(session, Item(1, rod.id), store=store)
    twice = [ReturnItem(1, variant_id=rod.id)] * 2
    with somebody(), pytest.raises(MissingRight):
        operations.take_back(session, twice, store_id=store.id, **EDGE)


# --- what comes back without its order is worth what it costs ------------------------------------


def loose(session, store, variant, price, quantity=1):
    items = [ReturnItem(quantity, variant_id=variant.id, unit_price=Decimal(price))]
    return operations.take_back(session, items, store_id=store.id, **EDGE)


@pytest.fixture
def dearer(session, store):
    """A variant sold and paid three times at 100, that costs 120 today."""
    rod = make_variant(session, price=Decimal(100))
    pay(session, make_completed_order(session, Item(3, rod.id), store=store), 300)
    rod.price = Decimal(120)
    session.flush()
    return rod


def test_a_loose_return_gives_what_the_goods_cost_today_at_most(session, store, dearer):
    with somebody():
        for price in ("120.01", "9999"):
            with pytest.raises(MissingRight) as refused:
                loose(session, store, dearer, price)
            assert refused.value.right == TAKE_BACK_UNSOLD
        assert loose(session, store, dearer, 120).total == 120
    with somebody(TAKE_BACK_UNSOLD):
        assert loose(session, store, dearer, 9999).total == 9999


def test_a_loose_return_gives_what_the_goods_were_last_sold_for_too(session, store, dearer):
    dearer.price = Decimal(80)
    session.flush()
    with somebody():
        assert loose(session, store, dearer, 100).total == 100
        with pytest.raises(MissingRight):
            loose(session, store, dearer, "100.01")
        less = Item(2, dearer.id, discount=Decimal(20))
        pay(session, make_completed_order(session, less, store=store), 140)
        with pytest.raises(MissingRight):
            loose(session, store, dearer, 100)
        assert loose(session, store, dearer, 70, quantity=2).total == 140


def test_a_loose_return_in_a_currency_without_a_price_takes_the_right(session, dearer):
    abroad = make_store(session, currency="JPY")
    document = GoodsReturn(store_id=abroad.id, rate=Decimal("0.006"))
    operations.save_return(session, document, **EDGE)
    line = {"goods_return_id": document.id, "variant_id": dearer.id, "quantity": 1}
    session.add(operations.returns.ReturnLine(**line, unit_price=Decimal(100)))
    operations.save_return(session, document, **EDGE)
    with somebody(), pytest.raises(MissingRight):
        operations.receive_return(session, document, **EDGE)
    session.refresh(document)
    with somebody(TAKE_BACK_UNSOLD):
        operations.receive_return(session, document, **EDGE)


def test_a_typed_tax_makes_a_loose_return_worth_no_more(session, store, dearer):
    document = GoodsReturn(store_id=store.id, prices_include_tax=False)
    operations.save_return(session, document, **EDGE)
    line = {"goods_return_id": document.id, "variant_id": dearer.id, "quantity": 1}
    session.add(operations.returns.ReturnLine(**line, tax_rate=Decimal(900)))
    operations.save_return(session, document, **EDGE)
    assert document.total == 1200
    with somebody(), pytest.raises(MissingRight):
        operations.receive_return(session, document, **EDGE)
    session.refresh(document)


def test_a_charge_is_worth_nothing_without_its_order(session, store, dearer):
    document = GoodsReturn(store_id=store.id)
    operations.save_return(session, document, **EDGE)
    line = {"goods_return_id": document.id, "quantity": 1}
    goods = operations.returns.ReturnLine(**line, variant_id=dearer.id)
    fee = operations.returns.ReturnLine(
        **line, charge_kind=ChargeKind.FEE, unit_price=Decimal("0.01")
    )
    session.add_all([goods, fee])
    operations.save_return(session, document, **EDGE)
    with somebody(), pytest.raises(MissingRight):
        operations.receive_return(session, document, **EDGE)
