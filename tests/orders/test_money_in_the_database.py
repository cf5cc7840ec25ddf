"""What the database refuses of payments, whoever asks: no form, API, import or prompt is needed."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.orders import operations
from app.orders.choices import OrderStatus, PaymentState
from app.orders.models import GoodsReturn, PaidByWay, ReturnLine
from app.orders.operations import Item, ReturnItem
from tests.factories import NOON, make_certificate, make_completed_order, make_store, make_variant
from tests.orders.paying import (
    CARD,
    CASH,
    EDGE,
    bring_back,
    nothing_disagrees,
    order_of,
    pay,
    refund,
)


@pytest.fixture
def store(session):
    return make_store(session)


@pytest.fixture(autouse=True)
def _nothing_disagrees(session):
    yield
    nothing_disagrees(session)


_BOOK = """
insert into payment (store_id, order_id, goods_return_id, certificate_id, direction, method,
  provider, status, amount, currency, business_date)
values (:store_id, :order_id, :goods_return_id, :certificate_id, :direction, :method, :provider,
  'settled', :amount, 'EUR', '2026-11-02')
"""


def by_hand(session, order, amount, method="cash", direction="returned", **more):
    """Book past every operation, as an import or somebody with a prompt would."""
    usual = {"goods_return_id": None, "certificate_id": None, "provider": None}
    facts = {"store_id": order.store_id, "order_id": order.id, "amount": amount * 10_000}
    with session.begin_nested():
        session.execute(
            text(_BOOK), {**usual, **facts, "method": method, "direction": direction, **more}
        )


def refused_by(constraint):
    return pytest.raises(DBAPIError, check=lambda e: e.orig.diag.constraint_name == constraint)


def test_the_database_gives_nothing_back_by_another_way(session, store):
    order = order_of(session, store, 500)
    pay(session, order, 10, CARD)
    with refused_by("ck_paid_by_way_returned"):
        by_hand(session, order, 10, "cash")
    with refused_by("ck_paid_by_way_returned"):
        by_hand(session, order, 11, "card")
    with refused_by("ck_paid_by_way_returned"):
        by_hand(session, order, 10, "card", provider="stripe")
    with refused_by("ck_payment_method"):
        by_hand(session, order, 10, "points", direction="received")


def test_the_database_knows_what_a_return_is_worth(session, store):
    item = Item(3, make_variant(session, price=Decimal(40)).id)
    order, other = (make_completed_order(session, item, store=store) for _ in range(2))
    for one in (order, other):
        pay(session, one, 120)
    back = bring_back(session, order, 2)
    with refused_by("ck_given_for_return_given"):
        by_hand(session, order, 81, goods_return_id=back.id)
    with refused_by("ck_payment_return"):
        by_hand(session, other, 80, goods_return_id=back.id)


def test_the_database_pays_out_no_return_before_it_is_received(session, store):
    order = order_of(session, store, 20)
    pay(session, order, 20)
    draft = GoodsReturn(store_id=store.id, order_id=order.id)
    operations.save_return(session, draft, **EDGE)
    sold = {"variant_id": order.lines[0].variant_id, "quantity": 1}
    session.add(ReturnLine(goods_return_id=draft.id, **sold))
    operations.save_return(session, draft, **EDGE)
    assert draft.total == 20
    with refused_by("ck_payment_return"):
        by_hand(session, order, 20, goods_return_id=draft.id)


def test_the_database_lets_a_certificate_take_what_is_due_at_most(session, store):
    order = order_of(session, store, 10)
    certificate = make_certificate(session)
    with refused_by("ck_payment_due"):
        by_hand(session, order, 11, "certificate", "received", certificate_id=certificate.id)


def test_the_database_takes_nothing_from_a_certificate_for_what_was_called_off(session, store):
    order = order_of(session, store, 10, completed=False)
    certificate = make_certificate(session)
    operations.cancel_order(session, order, **EDGE)
    with refused_by("ck_payment_due"):
        by_hand(session, order, 1, "certificate", "received", certificate_id=certificate.id)


@pytest.mark.parametrize(
    ("says", "constraint"),
    [
        ({"method": "certificate"}, "certificate"),
        ({"tendered": 50_000}, "tendered"),
        ({"method": "card", "tendered": 200_000}, "tendered"),
        ({"external_ref": "ch_1"}, "reference_of_provider"),
        ({"amount": 0}, "amount"),
    ],
)
def test_the_database_keeps_no_payment_that_makes_no_sense(session, store, says, constraint):
    order = order_of(session, store, 20)
    facts = {"store_id": store.id, "order_id": order.id, "method": "cash", "amount": 100_000}
    facts |= {"currency": "EUR", "business_date": NOON.date(), **says}
    names = ", ".join(facts)
    values = ", ".join(f":{name}" for name in facts)
    with refused_by(f"ck_payment_{constraint}"), session.begin_nested():
        session.execute(text(f"insert into payment ({names}) values ({values})"), facts)


def test_a_loose_return_puts_no_money_on_a_certificate(session, store):
    rod = make_variant(session, price=Decimal(20))
    goods = [ReturnItem(1, variant_id=rod.id)]
    back = operations.take_back(session, goods, store_id=store.id, **EDGE)
    card = make_certificate(session).id
    with refused_by("ck_payment_certificate_order"), session.begin_nested():
        session.execute(
            text(_BOOK),
            {
                "store_id": store.id,
                "order_id": None,
                "goods_return_id": back.id,
                "certificate_id": card,
                "direction": "returned",
                "method": "certificate",
                "provider": None,
                "amount": 10_000,
            },
        )


def test_a_pending_payment_is_not_settled_past_the_rules_either(session, store):
    order = order_of(session, store, 10)
    pay(session, order, 10, CARD)
    waiting = refund(session, order, 10, CASH, settled=False)
    settle = text("update payment set status = 'settled' where id = :id")
    with refused_by("ck_paid_by_way_returned"), session.begin_nested():
        session.execute(settle, {"id": waiting.id})


@pytest.mark.parametrize(
    "change",
    [
        "amount = amount + 1",
        "method = 'card'",
        "direction = 'returned'",
        "currency = 'USD'",
        "business_date = business_date - 1",
        "at = at - interval '1 day'",
        "status = 'cancelled'",
        "status = 'pending'",
        "provider = 'other'",
        "goods_return_id = 1",
        "store_id = store_id + 1",
    ],
)
def test_a_settled_payment_stands(session, store, change):
    payment = pay(session, order_of(session, store, 10), 10)
    with pytest.raises(DBAPIError, match="is never changed"), session.begin_nested():
        session.execute(text(f"update payment set {change} where id = :id"), {"id": payment.id})
    with pytest.raises(DBAPIError, match="is never changed"), session.begin_nested():
        session.execute(text("delete from payment where id = :id"), {"id": payment.id})
    session.execute(text("update payment set note = 'Seen' where id = :id"), {"id": payment.id})


@pytest.mark.parametrize("table", ["paid_by_way", "given_for_return"])
def test_nobody_writes_the_sums_but_the_triggers(session, table):
    for statement in (f"update {table} set store_id = store_id", f"delete from {table}"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


def test_a_statement_of_many_payments_books_each_by_its_way(session, store):
    orders = [order_of(session, store, 20) for _ in range(3)]
    session.execute(
        text("""
        insert into payment (store_id, order_id, direction, method, status, amount, currency,
          business_date)
        select store_id, o.id, d, m, 'settled', a, 'EUR', '2026-11-02' from orders o,
          (values ('received', 'card', 100000), ('received', 'cash', 50000),
            ('returned', 'card', 40000), ('received', 'card', 50000)) v(d, m, a)
         where o.id = any (:ids)"""),
        {"ids": [one.id for one in orders]},
    )
    kept = session.execute(
        select(PaidByWay.method, PaidByWay.received, PaidByWay.returned, func.count())
        .group_by(PaidByWay.method, PaidByWay.received, PaidByWay.returned)
        .order_by(PaidByWay.method)
    ).all()
    assert [tuple(row) for row in kept] == [("card", 15, 4, 3), ("cash", 5, 0, 3)]
    for order in orders:
        operations.payments.update_paid(session, order, NOON)
    assert {order.payment_state for order in orders} == {PaymentState.PARTLY_PAID}
    assert {order.status for order in orders} == {OrderStatus.COMPLETED}
