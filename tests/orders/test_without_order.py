"""For what comes back without its order, money goes out by right, and no more than was paid."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from app.company.operations.role_templates import template
from app.kit.access import MissingRight
from app.kit.errors import Conflict
from app.kit.security.permissions import asked_rights
from app.orders import operations
from app.orders.choices import PaymentMethod, PaymentStatus
from app.orders.models import Payment
from app.orders.operations import Item, ReturnItem
from app.orders.operations.refundable import REFUND_BEYOND
from app.orders.operations.unmatched_returns import TAKE_BACK_UNSOLD
from tests import factories
from tests.factories import make_completed_order, make_store, make_variant
from tests.orders.paying import (
    CARD,
    CASH,
    CERTIFICATE,
    EDGE,
    ONLINE,
    RETURNED,
    bring_back,
    nothing_disagrees,
    pay,
    refund,
)
from tests.orders.test_money_in_the_database import by_hand, refused_by
from tests.orders.test_owed_back import somebody
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench


@pytest.fixture
def store(session):
    yield make_store(session)
    nothing_disagrees(session)


@pytest.fixture
def rod(session):
    return make_variant(session, price=Decimal(100))


def sell(session, store, rod, price=100, quantity=1, *, paid=True, method=CASH):
    item = Item(quantity, rod.id, unit_price=Decimal(price))
    order = make_completed_order(session, item, store=store)
    if paid:
        pay(session, order, order.total if paid is True else paid, method)
    return order


def loose(session, store, rod, price=100, quantity=1):
    items = [ReturnItem(quantity, variant_id=rod.id, unit_price=Decimal(price))]
    return operations.take_back(session, items, store_id=store.id, **EDGE)


def give(session, back, amount=None, method=CASH, **more):
    amount = None if amount is None else Decimal(amount)
    facts = {"goods_return": back, "method": method, "direction": RETURNED}
    return operations.add_payment(session, None, amount=amount, **facts, **EDGE, **more)


# --- what counts as sold ------------------------------------------------------------------------


@pytest.mark.parametrize("paid", [False, 99])
def test_what_nobody_paid_for_was_not_sold(session, store, rod, paid):
    order = sell(session, store, rod, paid=paid)
    with somebody():
        with pytest.raises(MissingRight) as refused:
            loose(session, store, rod)
        assert refused.value.right == TAKE_BACK_UNSOLD
        # It comes back with its order, for which nothing then is due.
        assert bring_back(session, order).total == 100


def test_what_was_paid_for_comes_back_without_its_order_once(session, store, rod):
    sell(session, store, rod)
    sell(session, store, rod, paid=False)
    with somebody():
        assert loose(session, store, rod).total == 100
        with pytest.raises(MissingRight):
            loose(session, store, rod)


def test_what_was_paid_and_given_back_is_not_sold(session, store, rod):
    order = sell(session, store, rod)
    refund(session, order, 100)
    with somebody(), pytest.raises(MissingRight):
        loose(session, store, rod)


def test_a_price_that_nobody_paid_is_none(session, store, rod):
    sell(session, store, rod)
    sell(session, store, rod, 5000, paid=False)
    bring_back(session, sell(session, store, rod, 4000, paid=False))
    with somebody():
        with pytest.raises(MissingRight):
            loose(session, store, rod, 4000)
        assert loose(session, store, rod, 100).total == 100


# --- who gives money for it ---------------------------------------------------------------------


@pytest.mark.parametrize("method", [CASH, CARD, PaymentMethod.TRANSFER])
@pytest.mark.parametrize("amount", [None, 1, 100])
def test_money_for_a_return_without_its_order_takes_the_right(session, store, rod, method, amount):
    sell(session, store, rod)
    with somebody():
        back = loose(session, store, rod)
        with pytest.raises(Conflict, match="This return names no order") as refused:
            give(session, back, amount, method)
    assert refused.value.field == "goods_return"
    with somebody(REFUND_BEYOND):
        assert give(session, back, amount, method).amount == (amount or 100)


def test_a_pending_one_is_settled_by_right_too(session, store, rod):
    sell(session, store, rod)
    back = loose(session, store, rod)
    waiting = give(session, back, 100, settled=False)
    with somebody(), pytest.raises(Conflict, match="names no order"):
        operations.settle_payment(session, waiting, **EDGE)
    session.refresh(waiting)
    with somebody(REFUND_BEYOND):
        operations.settle_payment(session, waiting, **EDGE)


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 201), ("store_manager", 201), ("order_manager", 409), ("cashier", 409)],
)
def test_who_pays_out_what_came_back_without_its_order(app, role, status):
    with app.app_context():
        every = [*asked_rights(), TAKE_BACK_UNSOLD, REFUND_BEYOND]
        may = set(template(role).rights([*every, *(("read", one) for one in bench.GUARDS)]))
    with bench.at_work() as session:
        store = make_store(session)
        sell(session, store, rod := make_variant(session, price=Decimal(100)))
        body = {"goods_return": loose(session, store, rod).id, "direction": "returned"}
    once = {"Idempotency-Key": f"s{factories.number()}"}
    with bench.signed_in(bench.reader_with(may)):
        paid = app.test_client().post(
            "/api/v1/payments", json={**body, "method": "cash", "amount": "100"}, headers=once
        )
    assert paid.status_code == status, paid.text
    assert status == 201 or "This return names no order" in paid.json["detail"]


def test_an_order_that_nobody_pays_opens_no_till(app):
    """Sold at a price of one's own, unpaid, brought back without the order, paid out in cash."""
    with app.app_context():
        may = set(template("order_manager").rights([*asked_rights(), ("read", "money")]))
    with bench.at_work() as session:
        store, variant = make_store(session).id, make_variant(session).id
    line = {"variant": variant, "quantity": 1, "unit_price": "5000.00"}

    def post(path, body=None):
        once = {"Idempotency-Key": f"s{factories.number()}"}
        return app.test_client().post(f"/api/v1/{path}", json=body, headers=once)

    with bench.signed_in(bench.reader_with(may)):
        order = post("orders", {"store": store, "lines": [line]}).json["id"]
        assert post(f"orders/{order}/complete").status_code == 200
        lines = [{**line, "restock": False}]
        back = post("goods-returns", {"store": store, "lines": lines}).json["id"]
        assert post(f"goods-returns/{back}/receive").status_code == 403


# --- how much -----------------------------------------------------------------------------------


def test_no_more_goes_out_than_was_paid_for_so_many_pieces(session, store, rod):
    for price in (1, 10, 60):
        sell(session, store, rod, price)
    with somebody(REFUND_BEYOND, TAKE_BACK_UNSOLD):
        with pytest.raises(Conflict, match=r"Only €60.00 .*no more than was paid"):
            give(session, loose(session, store, rod), 61)
        first, second = (loose(session, store, rod) for _ in range(2))
        assert give(session, first).amount == 60
        assert give(session, second).amount == 10
        assert give(session, loose(session, store, rod, quantity=3)).amount == 1
        with pytest.raises(Conflict, match="Nothing is owed back"):
            give(session, loose(session, store, rod))


def test_goods_that_nobody_bought_are_taken_back_for_nothing(session, store, rod):
    with somebody(REFUND_BEYOND, TAKE_BACK_UNSOLD), pytest.raises(Conflict, match=r"Only €0.00"):
        give(session, loose(session, store, rod), 1)


def test_what_was_handed_back_to_the_till_may_go_out_again(session, store, rod):
    sell(session, store, rod)
    back = loose(session, store, rod)
    give(session, back)
    facts = {"method": CASH, "amount": Decimal(30), **EDGE}
    operations.add_payment(session, None, goods_return=back, **facts)
    other = loose(session, store, rod)
    assert give(session, other).amount == 30
    with pytest.raises(Conflict, match=r"Only €0.00"):
        give(session, back, 30)


@pytest.mark.parametrize("method", [CARD, CERTIFICATE])
def test_what_went_out_in_cash_comes_in_by_nothing_else(session, store, rod, method):
    order = sell(session, store, rod)
    back = loose(session, store, rod)
    give(session, back)
    card = factories.make_certificate(session) if method is CERTIFICATE else None
    facts = {"method": method, "certificate": card, **EDGE}
    with pytest.raises(Conflict, match=r"Only €0.00 went out for this return by this way"):
        operations.add_payment(session, None, goods_return=back, amount=Decimal(40), **facts)
    named = {"order_id": None, "goods_return_id": back.id, "certificate_id": card and card.id}
    with refused_by("ck_payment_as_it_went"):
        by_hand(session, order, 40, method.value, "received", **named)
    named["certificate_id"] = None
    by_hand(session, order, 40, "cash", "received", **named)
    with refused_by("ck_given_for_return_given"):
        by_hand(session, order, 61, "cash", "received", **named)


def test_tax_on_top_and_what_was_paid_in_part_count_as_they_were_paid(session, store):
    product = factories.make_product(session, tax_rate=Decimal(20))
    taxed = make_variant(session, product=product, price=Decimal(100))
    net = {"store": store, "prices_include_tax": False}
    order = make_completed_order(session, Item(1, taxed.id), **net)
    assert order.total == 120
    back = loose(session, store, taxed, 130)
    for paid, amount in ((60, 60), (60, 60)):
        pay(session, order, paid)
        assert give(session, back).amount == amount


def test_what_was_paid_in_another_currency_is_not_given(session, store, rod):
    item = Item(1, rod.id, unit_price=Decimal(100))
    abroad = {"store": make_store(session, currency="JPY"), "rate": Decimal("0.006")}
    pay(session, make_completed_order(session, item, **abroad), 100)
    with pytest.raises(Conflict, match=r"Only €0.00"):
        give(session, loose(session, store, rod), 1)


# --- together with the returns of orders --------------------------------------------------------


def test_what_went_back_with_its_order_does_not_go_back_without_it(session, store, rod):
    order = sell(session, store, rod, method=CARD)
    refund(session, order, 100, CARD, goods_return=bring_back(session, order))
    with somebody(REFUND_BEYOND, TAKE_BACK_UNSOLD), pytest.raises(Conflict, match=r"Only €0.00"):
        give(session, loose(session, store, rod), 100)


def test_what_went_back_without_its_order_does_not_go_back_with_it(session, store, rod):
    order = sell(session, store, rod)
    give(session, loose(session, store, rod), 80)
    back = bring_back(session, order)
    with somebody():
        with pytest.raises(Conflict, match=r"Only €20.00 is owed back"):
            refund(session, order, 100, goods_return=back)
        assert refund(session, order, None).amount == 20
        with pytest.raises(Conflict, match="Nothing is owed back"):
            refund(session, order, None, goods_return=back)
    with somebody(REFUND_BEYOND):
        refund(session, order, 80, goods_return=back)


def test_whoever_names_their_order_is_paid_while_enough_is_held(session, store, rod):
    one, two = (sell(session, store, rod) for _ in range(2))
    give(session, loose(session, store, rod))
    first, second = bring_back(session, one), bring_back(session, two)
    with somebody():
        assert refund(session, one, None, goods_return=first).amount == 100
        with pytest.raises(Conflict, match="Nothing is owed back"):
            refund(session, two, None, goods_return=second)


def test_other_lines_of_the_order_are_owed_back_as_before(session, store, rod):
    hat = make_variant(session, price=Decimal(30))
    items = [Item(1, rod.id), Item(1, hat.id)]
    order = make_completed_order(session, *items, store=store)
    pay(session, order, 130)
    give(session, loose(session, store, rod))
    operations.return_order(session, order, **EDGE)
    with somebody():
        assert refund(session, order, None).amount == 30


# --- the database and providers -----------------------------------------------------------------


def test_the_database_gives_no_more_for_pieces_than_was_paid(session, store, rod):
    order = sell(session, store, rod)
    sell(session, store, rod, 500, paid=False)
    back = loose(session, store, rod, 400)
    named = {"order_id": None, "goods_return_id": back.id}
    with refused_by("ck_payment_pieces"):
        by_hand(session, order, 101, **named)
    by_hand(session, order, 60, **named)
    with refused_by("ck_payment_pieces"):
        by_hand(session, order, 41, **named)
    waiting = give(session, back, 40, settled=False)
    by_hand(session, order, 40, **named)
    settle = text("update payment set status = 'settled' where id = :id")
    with refused_by("ck_payment_pieces"), session.begin_nested():
        session.execute(settle, {"id": waiting.id})


def test_what_a_provider_says_it_gave_beyond_that_is_kept_for_a_person(session, store, rod):
    sell(session, store, rod)
    back = loose(session, store, rod, 400)
    facts = {"direction": RETURNED, "method": ONLINE, "provider": "stripe"}
    for ref, amount, status in (("re_1", 101, "to_check"), ("re_2", 100, "settled")):
        payment = Payment(goods_return_id=back.id, amount=Decimal(amount), **facts)
        payment.external_ref = ref
        told = operations.book_told(session, payment, **EDGE)
        assert told.status is PaymentStatus(status)
