from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.clients.models import ClientFigures
from app.kit.errors import Conflict, Invalid
from app.orders import operations, queries
from app.orders.choices import (
    ChargeKind,
    OrderStatus,
    PaymentDirection,
    PaymentMethod,
    PaymentState,
    PaymentStatus,
)
from app.orders.models import GoodsReturn, Payment, ReturnLine
from app.orders.operations import Item, ReturnItem
from app.stock.models import StockBalance
from tests.factories import (
    NOON,
    balance_of,
    make_adjustment,
    make_certificate,
    make_client,
    make_completed_order,
    make_draft,
    make_order,
    make_payment,
    make_service,
    make_store,
    make_variant,
)

RETURNED = PaymentDirection.RETURNED
EDGE = {"by": None, "at": NOON}


@pytest.fixture
def store(session):
    return make_store(session)


def on_hand(session, variant):
    return session.scalar(select(StockBalance.on_hand).where(StockBalance.variant_id == variant.id))


def take_back(session, order, *items, **values):
    usual = {"store_id": order.store_id, "order": order, "by": None, "at": NOON}
    return operations.take_back(session, items, **{**usual, **values})


def test_goods_come_back_at_what_was_paid_for_them(session, store):
    rod = make_variant(session, stock=5, store_id=store.id, price=Decimal(10))
    order = make_completed_order(session, Item(3, rod.id, discount=Decimal(10)), store=store)
    back = [
        take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id)).total
        for _ in range(3)
    ]
    assert back == [Decimal("6.67"), Decimal("6.66"), Decimal("6.67")]
    assert order.returned == order.total == 20
    assert on_hand(session, rod) == 5


def test_more_than_was_sold_cannot_come_back(session, store):
    order = make_completed_order(session, store=store)
    item = ReturnItem(1, order_line_id=order.lines[0].id)
    take_back(session, order, item)
    with pytest.raises(Conflict, match="Only 0"):
        take_back(session, order, item)


def test_a_line_is_named_once(session, store):
    order = make_completed_order(session, Item(2, make_variant(session).id), store=store)
    item = ReturnItem(1, order_line_id=order.lines[0].id)
    with pytest.raises(Invalid):
        take_back(session, order, item, item)


def test_a_line_of_another_order_is_refused(session, store):
    order, other = (make_completed_order(session, store=store) for _ in range(2))
    with pytest.raises(Invalid):
        take_back(session, order, ReturnItem(1, order_line_id=other.lines[0].id))


def test_what_was_not_handed_over_is_cancelled_and_not_returned(session, store):
    order = make_order(session, store=store)
    with pytest.raises(Conflict, match="cancel"):
        take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))


def test_goods_without_a_known_order_are_taken_back_too(session, store):
    rod = make_variant(session, stock=1, store_id=store.id)
    client = make_client(session)
    back = operations.take_back(
        session,
        [ReturnItem(2, variant_id=rod.id, unit_price=Decimal("3.50"))],
        store_id=store.id,
        client_id=client.id,
        by=None,
        at=NOON,
    )
    assert (back.order_id, back.total, back.number[:2]) == (None, 7, "R-")
    assert on_hand(session, rod) == 3
    figures = session.scalar(
        select(ClientFigures)
        .where(ClientFigures.client_id == client.id)
        .execution_options(populate_existing=True)
    )
    assert (figures.returns_count, figures.returns_sum) == (1, 7)


def test_broken_goods_and_services_do_not_go_back_to_stock(session, store):
    rod = make_variant(session, stock=1, store_id=store.id)
    cut = make_variant(session, product=make_service(session))
    order = make_completed_order(session, Item(1, rod.id), Item(1, cut.id), store=store)
    one, two = (line.id for line in order.lines)
    take_back(
        session,
        order,
        ReturnItem(1, order_line_id=one, restock=False),
        ReturnItem(1, order_line_id=two),
    )
    assert (on_hand(session, rod), on_hand(session, cut)) == (0, None)


def test_a_charge_can_be_given_back(session, store):
    charge = Item(1, charge=ChargeKind.DELIVERY, unit_price=Decimal("4.90"))
    order = make_completed_order(session, charge, store=store)
    back = take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))
    assert (back.charges, back.goods) == (Decimal("4.90"), 0)


def test_an_order_is_paid_in_parts_by_any_mixture(session, store):
    order = make_order(session, store=store)
    make_payment(session, order=order, amount=Decimal(4), method=PaymentMethod.CASH)
    assert (order.paid, order.payment_state) == (4, PaymentState.PARTLY_PAID)
    make_payment(session, order=order, amount=Decimal(6))
    assert order.payment_state is PaymentState.PAID


def test_a_pending_payment_counts_when_it_is_settled(session, store):
    order = make_order(session, store=store)
    payment = make_payment(session, order=order, settled=False)
    assert (payment.status, order.paid) == (PaymentStatus.PENDING, 0)
    operations.settle_payment(session, payment, by=None, at=NOON)
    assert order.payment_state is PaymentState.PAID


def test_a_returned_order_is_refunded_and_nothing_is_owed(session, store):
    order = make_completed_order(session, store=store)
    make_payment(session, order=order)
    back = take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))
    assert order.payment_state is PaymentState.OVERPAID
    make_payment(session, order=order, goods_return=back, direction=RETURNED, amount=order.total)
    assert (order.paid, order.payment_state) == (0, PaymentState.REFUNDED)


def test_a_cancelled_order_owes_its_payments_back(session, store):
    order = make_order(session, store=store)
    make_payment(session, order=order)
    operations.cancel_order(session, order, by=None, at=NOON)
    make_payment(session, order=order, direction=RETURNED, amount=order.total)
    assert (order.status, order.payment_state) == (OrderStatus.CANCELLED, PaymentState.REFUNDED)


def test_what_a_provider_tells_twice_is_booked_once(session, store):
    order = make_order(session, store=store)
    said = {"provider": "stripe", "external_ref": "pi_1"}
    one = make_payment(session, order=order, **said)
    two = make_payment(session, order=order, **said)
    assert one.id == two.id
    assert order.paid == order.total


@pytest.mark.parametrize("amount", ["0", "-1", "1.005"])
def test_an_amount_that_is_none_is_refused(session, store, amount):
    with pytest.raises(Invalid):
        make_payment(session, order=make_order(session, store=store), amount=Decimal(amount))


def test_a_certificate_pays_and_gets_back_what_it_paid(session, store):
    order = make_completed_order(session, store=store)
    certificate = make_certificate(session)
    paid = {"order": order, "method": PaymentMethod.CERTIFICATE, "certificate": certificate}
    make_payment(session, **paid)
    assert balance_of(session, certificate) == 40
    make_payment(session, **paid, direction=RETURNED)
    assert balance_of(session, certificate) == 50
    with pytest.raises(Conflict):
        make_payment(session, **paid, direction=RETURNED)


def test_a_certificate_of_another_currency_is_refused(session, store):
    certificate = make_certificate(session, currency="USD")
    with pytest.raises(Conflict, match="currency"):
        make_payment(
            session,
            order=make_order(session, store=store),
            method=PaymentMethod.CERTIFICATE,
            certificate=certificate,
        )


def test_a_payment_belongs_to_something(session):
    with pytest.raises(Invalid):
        operations.add_payment(
            session, None, amount=Decimal(1), method=PaymentMethod.CASH, by=None, at=NOON
        )
    assert session.scalars(select(Payment)).all() == []


def test_an_adjustment_is_signed_numbered_and_on_its_day(session, store):
    taken = make_adjustment(session, store_id=store.id, amount=Decimal("-11062.06"))
    added = make_adjustment(session, store_id=store.id, amount=Decimal("11062.06"))
    assert (taken.amount_company, added.amount_company) == (
        Decimal("-11062.06"),
        Decimal("11062.06"),
    )
    assert taken.number != added.number
    assert (taken.currency, taken.business_date.isoformat()) == ("EUR", "2026-11-02")
    with pytest.raises(Invalid):
        make_adjustment(session, store_id=store.id, amount=Decimal(0))


# --- returns made by hand -----------------------------------------------------------------------


def draft(session, order, *lines, **values):
    """Save a return as the form does: the head first, then its lines."""
    document = GoodsReturn(store_id=order.store_id, order_id=order.id, **values)
    operations.save_return(session, document, **EDGE)
    for line in lines:
        session.add(ReturnLine(goods_return_id=document.id, **line))
    operations.save_return(session, document, **EDGE)
    return document


@pytest.fixture
def sold(session, store):
    """A completed order: three pieces at 10, ten off, with 4.90 for delivery, of a known client."""
    rod = make_variant(session, stock=5, store_id=store.id, price=Decimal(10))
    return make_completed_order(
        session,
        Item(3, rod.id, discount=Decimal(10)),
        Item(1, charge=ChargeKind.DELIVERY, unit_price=Decimal("4.90")),
        store=store,
        client=make_client(session),
    )


def test_a_return_by_hand_takes_from_the_lines_of_its_order(session, sold):
    variant = sold.lines[0].variant_id
    document = draft(session, sold, {"variant_id": variant, "quantity": 2})
    operations.receive_return(session, document, **EDGE)
    assert (document.total, document.client_id) == (Decimal("13.33"), sold.client_id)
    assert sold.returned == Decimal("13.33")
    rest = draft(
        session,
        sold,
        {"variant_id": variant, "quantity": 1},
        {"charge_kind": ChargeKind.DELIVERY, "quantity": 1},
    )
    operations.receive_return(session, rest, **EDGE)
    assert sold.returned == sold.total == Decimal("24.90")
    assert session.execute(queries.returned_beyond_the_sold()).all() == []
    with pytest.raises(Conflict, match="Only 0"):
        draft(session, sold, {"variant_id": variant, "quantity": 1})


def test_a_return_by_hand_takes_no_more_than_was_sold(session, sold):
    variant = sold.lines[0].variant_id
    with pytest.raises(Conflict, match="Only 3"):
        draft(session, sold, {"variant_id": variant, "quantity": 4})


def test_a_return_by_hand_takes_nothing_that_was_not_sold(session, sold):
    with pytest.raises(Invalid):
        draft(session, sold, {"variant_id": make_variant(session).id, "quantity": 1})


def test_a_return_by_hand_gives_no_more_than_was_paid(session, sold):
    variant = sold.lines[0].variant_id
    line = {"variant_id": variant, "quantity": 1}
    much = draft(session, sold, {**line, "unit_price": Decimal(99)})
    assert much.total == Decimal("6.67")
    less = draft(session, sold, {**line, "unit_price": Decimal(2)})
    assert less.total == 2


def test_a_return_by_hand_is_of_the_orders_client_and_of_what_was_handed_over(session, store, sold):
    with pytest.raises(Invalid, match="another client"):
        draft(session, sold, client_id=make_client(session).id)
    with pytest.raises(Conflict, match="cancel"):
        draft(session, make_order(session, store=store))


def test_what_rounding_leaves_comes_back_with_the_last_piece(session, store):
    rod = make_variant(session, price=Decimal("0.3333"))
    order = make_completed_order(session, Item(3, rod.id), store=store)
    assert order.total == 1
    for _ in range(3):
        take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))
    assert order.returned == 1


@pytest.mark.parametrize(
    ("currency", "price", "parts", "total"),
    [
        ("JPY", "333.3333", [1, 1, 1], 1000),
        ("JPY", "0.4", [1, 1, 1, 1, 1], 2),
        ("JPY", "0.4", [1, 1, 1, 1, 1, 1, 44], 20),
        ("CLP", "0.3333", [1] * 9, 3),
    ],
)
def test_piece_by_piece_all_of_it_comes_back(session, currency, price, parts, total):
    rod = make_variant(session, price=Decimal(price), currency=currency)
    shop = make_store(session, currency=currency)
    item = Item(sum(parts), rod.id)
    order = make_completed_order(session, item, store=shop, rate=Decimal("0.01"))
    for pieces in parts[:-1]:
        take_back(session, order, ReturnItem(pieces, order_line_id=order.lines[0].id))
    last = draft(session, order, {"variant_id": rod.id, "quantity": parts[-1]})
    operations.receive_return(session, last, **EDGE)
    assert order.returned == order.total == total


# --- money that may not move --------------------------------------------------------------------


def test_no_more_goes_back_than_came(session, store):
    order = make_order(session, store=store)
    with pytest.raises(Conflict, match=r"Only €0\.00 can"):
        make_payment(session, order=order, direction=RETURNED)
    make_payment(session, order=order, amount=Decimal(4))
    with pytest.raises(Conflict, match=r"Only €4\.00 can"):
        make_payment(session, order=order, direction=RETURNED, amount=Decimal("4.01"))
    assert order.paid == 4


def test_money_for_a_return_counts_on_its_order_and_once(session, store):
    order = make_completed_order(session, store=store)
    make_payment(session, order=order)
    back = take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))
    by_return = {"amount": back.total, "method": PaymentMethod.CARD, "direction": RETURNED, **EDGE}
    payment = operations.add_payment(session, None, goods_return=back, **by_return)
    assert (payment.order_id, order.paid) == (order.id, 0)
    with pytest.raises(Conflict):
        make_payment(session, order=order, direction=RETURNED, amount=back.total)
    assert session.execute(queries.refunds_off_their_order()).all() == []


def test_money_for_a_return_without_an_order_goes_back_once(session, store):
    sold = Item(2, make_variant(session, price=Decimal(3)).id)
    make_payment(session, order=make_completed_order(session, sold, store=store))
    items = [ReturnItem(2, variant_id=sold.variant_id, unit_price=Decimal(3))]
    back = operations.take_back(session, items, store_id=store.id, **EDGE)
    by_return = {"method": PaymentMethod.CASH, "direction": RETURNED, **EDGE}
    operations.add_payment(session, None, goods_return=back, amount=Decimal(4), **by_return)
    with pytest.raises(Conflict, match=r"Only €2\.00"):
        operations.add_payment(session, None, goods_return=back, amount=Decimal(3), **by_return)


def test_a_return_of_another_order_and_one_not_received_get_no_money(session, store):
    order, other = (make_completed_order(session, store=store) for _ in range(2))
    back = take_back(session, order, ReturnItem(1, order_line_id=order.lines[0].id))
    with pytest.raises(Invalid, match="another order"):
        make_payment(session, order=other, goods_return=back)
    waiting = draft(session, other)
    with pytest.raises(Conflict, match="Receive"):
        make_payment(session, order=other, goods_return=waiting, direction=RETURNED)


def test_a_draft_is_not_paid(session, store):
    order = make_draft(session, store=store)
    session.add(order)
    session.flush()
    with pytest.raises(Conflict, match="Place"):
        make_payment(session, order=order)


def test_a_paid_order_that_is_called_off_is_overpaid_at_once(session, store):
    order = make_order(session, store=store)
    make_payment(session, order=order)
    operations.cancel_order(session, order, **EDGE)
    assert order.payment_state is PaymentState.OVERPAID


def test_for_an_order_for_nothing_nothing_is_due(session, store):
    free = make_variant(session, price=Decimal(0))
    order = make_order(session, Item(1, free.id), store=store)
    assert order.payment_state is PaymentState.NOTHING_DUE


def test_a_reference_told_for_something_else_is_refused(session, store):
    order = make_order(session, store=store)
    said = {"provider": "stripe", "external_ref": "pi_2", "amount": Decimal(3)}
    make_payment(session, order=order, settled=False, **said)
    with pytest.raises(Conflict, match="booked already"):
        make_payment(session, order=order, **{**said, "amount": Decimal(4)})
    again = make_payment(session, order=order, **said)
    assert (again.status, order.paid) == (PaymentStatus.SETTLED, 3)


def test_a_payment_stands_on_the_day_on_which_it_was_settled(session, store):
    payment = make_payment(session, order=make_order(session, store=store), settled=False)
    operations.settle_payment(session, payment, by=None, at=NOON + timedelta(days=3, hours=11))
    # 23:00 in UTC is the next day in Berlin.
    assert payment.business_date == date(2026, 11, 6)


def test_an_adjustment_in_another_currency_needs_its_rate(session):
    store = make_store(session, currency="USD")
    with pytest.raises(Invalid, match="USD"):
        make_adjustment(session, store_id=store.id)
    made = make_adjustment(session, store_id=store.id, rate=Decimal("0.9"))
    assert (made.currency, made.amount_company) == ("USD", Decimal("-4.50"))


def test_money_belongs_to_the_day_of_the_store_that_takes_it(session):
    berlin = make_store(session, time_zone="Europe/Berlin")
    night = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    order = make_order(session, Item(2, make_variant(session, price=Decimal(10)).id), store=berlin)
    at_once = make_payment(session, order=order, amount=Decimal(10), at=night)
    waiting = make_payment(session, order=order, amount=Decimal(5), settled=False)
    assert waiting.business_date == date(2026, 11, 2)
    operations.settle_payment(session, waiting, by=None, at=night)
    assert at_once.business_date == waiting.business_date == date(2026, 11, 3)
