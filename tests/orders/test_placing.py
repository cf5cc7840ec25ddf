from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event, literal, select, text
from sqlalchemy.exc import DBAPIError

from app.catalogue.choices import ProductStatus
from app.clients.models import ClientFigures, TimelineEntry
from app.kit.errors import Conflict, Invalid
from app.messages.queries import client_values
from app.orders import operations, queries
from app.orders.choices import ChargeKind, OrderStatus
from app.orders.models import Order, OrderLine
from app.orders.operations import Item
from app.stock.models import Movement, StockBalance
from app.stock.operations import OutOfStock
from tests.factories import (
    NOON,
    make_client,
    make_completed_order,
    make_draft,
    make_order,
    make_product,
    make_service,
    make_store,
    make_variant,
)


@pytest.fixture
def store(session):
    return make_store(session)


def stock(session, variant):
    row = session.scalar(
        select(StockBalance)
        .where(StockBalance.variant_id == variant.id)
        .execution_options(populate_existing=True)
    )
    return (row.on_hand, row.reserved)


def figures(session, client):
    return session.scalar(
        select(ClientFigures)
        .where(ClientFigures.client_id == client.id)
        .execution_options(populate_existing=True)
    )


def test_sums_are_computed_from_the_lines(session, store):
    product = make_product(session, tax_rate=Decimal(19))
    rod = make_variant(session, product=product, price=Decimal("1.2345"))
    order = make_order(
        session,
        Item(3, rod.id, discount=Decimal("0.10")),
        Item(1, charge=ChargeKind.DELIVERY, unit_price=Decimal("4.90")),
        store=store,
    )
    first, second = order.lines
    assert (first.amount, first.tax) == (Decimal("3.60"), Decimal("0.57"))
    assert (second.amount, second.description) == (Decimal("4.90"), "Delivery")
    sums = (order.goods, order.charges, order.discount, order.tax, order.total)
    assert sums == tuple(map(Decimal, ("3.60", "4.90", "0.10", "0.57", "8.50")))


def test_without_tax_in_the_prices_it_is_added(session, store):
    product = make_product(session, tax_rate=Decimal(20))
    rod = make_variant(session, product=product, price=Decimal(10))
    order = make_order(session, Item(2, rod.id), store=store, prices_include_tax=False)
    assert (order.goods, order.tax, order.total) == (20, 4, 24)


def test_an_order_has_a_number_and_its_day_on_the_stores_clocks(session):
    store = make_store(session, time_zone="Pacific/Auckland")
    order = make_order(session, store=store, at=datetime(2026, 11, 2, 23, tzinfo=UTC))
    assert order.number.startswith("2026-")
    assert order.business_date == date(2026, 11, 3)
    following = make_order(session, store=store)
    assert int(following.number[5:]) == int(order.number[5:]) + 1


def test_placing_reserves_and_completing_sells(session, store):
    rod = make_variant(session, stock=5, store_id=store.id, cost=Decimal(4))
    order = make_order(session, Item(2, rod.id), Item(1, rod.id), store=store)
    assert stock(session, rod) == (5, 3)
    operations.complete_order(session, order, by=None, at=NOON)
    assert stock(session, rod) == (2, 0)
    sale = session.scalar(
        select(Movement).where(Movement.ref_id == order.id, Movement.quantity < 0)
    )
    assert (sale.quantity, sale.unit_cost, sale.ref_kind) == (-3, 4, "order")


def test_more_than_is_there_cannot_be_ordered(session, store):
    rod = make_variant(session, stock=2, store_id=store.id)
    with pytest.raises(OutOfStock, match="Only 2 of"):
        make_order(session, Item(3, rod.id), store=store)


def test_an_order_that_was_overtaken_is_refused_by_the_database(session, store):
    rod = make_variant(session, stock=2, store_id=store.id)
    slow = make_draft(session, Item(2, rod.id), store=store)
    make_order(session, Item(1, rod.id), store=store)
    with pytest.raises(OutOfStock):
        operations.place_order(session, slow, by=None, at=NOON)


def test_services_need_no_stock(session, store):
    cut = make_variant(session, product=make_service(session))
    make_completed_order(session, Item(1, cut.id), store=store)
    assert session.scalar(select(Movement).where(Movement.variant_id == cut.id)) is None


def test_what_is_not_published_is_not_for_sale(session, store):
    draft = make_variant(session, product=make_product(session, status=ProductStatus.DRAFT))
    with pytest.raises(Conflict, match="not for sale"):
        make_draft(session, Item(1, draft.id), store=store)


@pytest.mark.parametrize(
    "item",
    [
        Item(0, charge=ChargeKind.FEE, unit_price=Decimal(1)),
        Item(1, charge=ChargeKind.FEE),
        Item(1, charge=ChargeKind.FEE, unit_price=Decimal(-1)),
        Item(1, charge=ChargeKind.FEE, unit_price=Decimal(1), discount=Decimal(2)),
        Item(1),
        Item(1, variant_id=999_999_999),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(session, store, item):
    with pytest.raises(Invalid):
        make_draft(session, item, store=store)


def test_a_price_in_another_currency_does_not_count(session):
    store = make_store(session, currency="USD")
    rod = make_variant(session)
    with pytest.raises(Conflict, match="USD"):
        make_draft(session, Item(1, rod.id), store=store, rate=Decimal("0.9"))
    order = make_draft(
        session, Item(1, rod.id, unit_price=Decimal(20)), store=store, rate=Decimal("0.9")
    )
    assert (order.total, order.total_company) == (20, 18)


def test_another_currency_needs_its_rate(session):
    with pytest.raises(Invalid, match="USD"):
        make_draft(session, store=make_store(session, currency="USD"))


@pytest.mark.parametrize("rate", ["0", "-1", "0.0000009", "1000000.1", "9999999999"])
def test_a_rate_that_no_two_currencies_have_is_refused(session, store, rate):
    with pytest.raises(Invalid, match="USD") as refused:
        make_draft(session, store=make_store(session, currency="USD"), rate=Decimal(rate))
    assert refused.value.field == "rate"
    with pytest.raises(Invalid, match="have the rate 1"):
        make_draft(session, store=store, rate=Decimal("1.5"))


def test_a_currency_that_is_tied_to_the_company_s_has_the_rate_one(session, store):
    item = Item(1, make_variant(session).id, unit_price=Decimal(20))
    for shop in (make_store(session, currency="BSD"), store):
        assert make_draft(session, item, store=shop, rate=Decimal(1)).rate == 1


def test_the_one_of_a_draft_at_home_says_nothing_abroad(session, store):
    order = make_draft(session, store=store)
    operations.save_order(session, order, by=None, at=NOON)
    abroad = make_store(session, currency="USD")
    order.store_id, order.store = abroad.id, abroad
    with pytest.raises(Invalid, match="USD"):
        operations.save_order(session, order, by=None, at=NOON)
    order.rate = Decimal("0.9")
    for line in order.lines:
        line.unit_price = Decimal(3)
    operations.save_order(session, order, by=None, at=NOON)
    assert (order.currency, order.rate) == ("USD", Decimal("0.9"))


def test_the_client_is_counted_and_told_about_in_the_timeline(session, store):
    client = make_client(session)
    order = make_order(session, store=store, client=client)
    found = figures(session, client)
    assert (found.orders_count, found.orders_sum, found.last_order_at) == (1, order.total, NOON)
    entry = session.scalar(select(TimelineEntry).where(TimelineEntry.client_id == client.id))
    assert (entry.kind, entry.ref_id, entry.store_id) == ("order.placed", order.id, store.id)


def test_a_cancelled_order_frees_its_goods_and_counts_no_more(session, store):
    client = make_client(session)
    rod = make_variant(session, stock=5, store_id=store.id)
    kept = make_order(session, Item(1, rod.id), store=store, client=client)
    order = make_order(session, Item(2, rod.id), store=store, client=client)
    operations.cancel_order(session, order, by=None, at=NOON, reason="Called off")
    assert stock(session, rod) == (5, 1)
    found = figures(session, client)
    assert (found.orders_count, found.orders_sum) == (1, kept.total)


def test_a_draft_takes_no_number_and_can_be_cancelled(session, store):
    draft = make_draft(session, store=store)
    session.add(draft)
    session.flush()
    assert draft.number is None
    operations.cancel_order(session, draft, by=None, at=NOON)
    assert (draft.status, draft.number) == (OrderStatus.CANCELLED, None)


def test_a_saved_draft_is_placed_at_what_its_lines_say(session, store):
    draft = make_draft(session, store=store)
    session.add(draft)
    session.flush()
    line = draft.lines[0]
    line.quantity, line.unit_price = 3, None
    operations.save_order(session, draft, by=None, at=NOON)
    operations.place_order(session, draft, by=None, at=NOON)
    assert (line.amount, draft.total) == (30, 30)


def test_lines_typed_into_a_draft_are_completed(session, store):
    product = make_product(session, tax_rate=Decimal(7))
    rod = make_variant(session, product=product, price=Decimal("2.50"))
    draft = Order(store=store)
    operations.save_order(session, draft, by=None, at=NOON)
    session.add(OrderLine(order_id=draft.id, variant=rod, quantity=4, tax_rate=None))
    session.add(OrderLine(order_id=draft.id, charge_kind=ChargeKind.FEE, unit_price=Decimal(1)))
    operations.save_order(session, draft, by=None, at=NOON)
    lines = session.scalars(
        select(OrderLine).where(OrderLine.order_id == draft.id).order_by(OrderLine.position)
    ).all()
    found = [(x.position, x.description, x.amount, x.stocked) for x in lines]
    assert found == [(1, rod.name, 10, True), (2, "Fee", 1, False)]
    assert (draft.goods, draft.charges, draft.total) == (10, 1, 11)
    session.delete(lines[1])
    operations.save_order(session, draft, by=None, at=NOON)
    assert draft.total == 10


def test_a_placed_order_is_not_edited(session, store):
    with pytest.raises(Conflict):
        operations.save_order(session, make_order(session, store=store), by=None, at=NOON)


def test_the_way_of_an_order(session, store):
    rod = make_variant(session, stock=5, store_id=store.id)
    order = make_order(session, Item(2, rod.id), store=store)
    for step in (
        operations.confirm_order,
        operations.assemble_order,
        operations.ship_order,
    ):
        step(session, order, by=None, at=NOON)
    assert stock(session, rod) == (3, 0)
    with pytest.raises(Conflict):
        operations.cancel_order(session, order, by=None, at=NOON)
    operations.complete_order(session, order, by=None, at=NOON)
    assert stock(session, rod) == (3, 0)
    assert order.status is OrderStatus.COMPLETED


@pytest.mark.parametrize(
    "way",
    [
        [operations.cancel_order],
        [operations.place_order, operations.cancel_order],
        [
            operations.place_order,
            operations.confirm_order,
            operations.assemble_order,
            operations.ship_order,
            operations.complete_order,
        ],
        [
            operations.place_order,
            operations.confirm_order,
            operations.assemble_order,
            operations.make_ready,
            operations.complete_order,
        ],
    ],
)
def test_whatever_is_done_with_an_order_is_written_at_once(session, store, way):
    draft = make_draft(session, store=store)
    operations.save_order(session, draft, by=None, at=NOON)
    session.flush()
    for step in way:
        step(session, draft, by=None, at=NOON)
        assert not {*session.new, *session.dirty}


def test_an_order_of_three_lines_is_placed_in_few_statements(session, store):
    items = [Item(1, make_variant(session).id) for _ in range(3)]
    client = make_client(session)
    make_order(session, store=store, client=client)
    make_order(session, store=store, client=client)
    session.flush()
    said = []
    connection = session.connection()

    def note(_connection, _cursor, statement, *_rest):
        said.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    where = operations.selling_store(session, store.id, to_sell=True)
    order = operations.draft_order(
        session, items, where=where, client_id=client.id, by=None, at=NOON
    )
    operations.place_order(session, order, by=None, at=NOON, where=where)
    event.remove(connection, "before_cursor_execute", note)
    assert len(said) == 9, "\n".join(said)


@pytest.mark.parametrize(
    "change",
    [
        "total = total + 10000",
        "goods = -1",
        "number = null",
        "business_date = null",
        "currency = 'eur'",
        "rate = 0",
    ],
)
def test_sums_and_documents_that_disagree_are_refused_by_the_database(session, store, change):
    order = make_order(session, store=store)
    with pytest.raises(DBAPIError, match=r"ck_orders_|is never changed"):
        session.execute(text(f"update orders set {change} where id = :id"), {"id": order.id})


@pytest.mark.parametrize(
    "change", ["amount = amount + 6000", "quantity = 0", "variant_id = null", "kind = 'charge'"]
)
def test_a_line_that_disagrees_with_itself_is_refused_by_the_database(session, store, change):
    draft = make_draft(session, store=store)
    session.add(draft)
    session.flush()
    line = draft.lines[0]
    with pytest.raises(DBAPIError, match="ck_order_line_"):
        session.execute(text(f"update order_line set {change} where id = :id"), {"id": line.id})


def test_recounting_says_what_counting_said(session, store):
    clients = [make_client(session) for _ in range(3)]
    for client in clients[:2]:
        make_order(session, store=store, client=client)
        make_order(session, store=store, client=client)
    before = [
        (f.orders_count, f.orders_sum, f.last_order_at)
        for f in (figures(session, c) for c in clients)
    ]
    session.execute(text("update client_figures set orders_count = 9, orders_sum = 1"))
    operations.recount_clients(session)
    after = [
        (f.orders_count, f.orders_sum, f.last_order_at)
        for f in (figures(session, c) for c in clients)
    ]
    assert before == after


def test_a_source_key_is_taken_once_and_identical_lines_are_all_kept(session, store):
    order = make_order(session, store=store, source="file", source_key="536365")
    assert session.scalars(select(Order.id).where(Order.source_key == "536365")).all() == [order.id]
    line = order.lines[0]
    columns = "order_id, store_id, kind, variant_id, quantity, unit_price, amount"
    session.execute(
        text(
            f"insert into order_line ({columns}, position)"
            f" select {columns}, 2 from order_line where id = :id"
        ),
        {"id": line.id},
    )
    same = select(OrderLine.id).where(OrderLine.order_id == order.id)
    assert len(session.scalars(same).all()) == 2
    with pytest.raises(DBAPIError, match="uq_orders_source"):
        make_order(session, store=store, source="file", source_key="536365")


def test_a_saved_draft_is_checked_anew_when_it_is_placed(session, store):
    rod = make_variant(session, stock=2, store_id=store.id)
    draft = make_draft(session, Item(2, rod.id), store=store)
    session.add(draft)
    session.flush()
    make_order(session, Item(1, rod.id), store=store)
    with pytest.raises(OutOfStock, match="Only 1 of"):
        operations.place_order(session, draft, by=None, at=NOON)
    rod.product.status = ProductStatus.DISCONTINUED
    session.flush()
    with pytest.raises(Conflict, match="not for sale"):
        operations.place_order(session, draft, by=None, at=NOON)


def test_nothing_is_sold_in_a_store_that_was_archived(session, store):
    draft = make_draft(session, store=store)
    session.add(draft)
    store.archived_at = NOON
    session.flush()
    with pytest.raises(Invalid, match="store"):
        make_draft(session, store=store)
    with pytest.raises(Invalid, match="store"):
        operations.place_order(session, draft, by=None, at=NOON)


def test_a_cost_in_another_currency_is_not_taken_for_the_companys(session, store):
    rod = make_variant(session, currency="USD", cost=Decimal(3))
    order = make_order(session, Item(1, rod.id, unit_price=Decimal(9)), store=store)
    assert order.lines[0].cost is None


@pytest.mark.parametrize(
    ("statement", "finds"),
    [
        (("insert into reservation_entry (store_id, variant_id, quantity, ref_kind, ref_id)"
         " select store_id, variant_id, 1, 'order', order_id from order_line where id = :line"),
         queries.reservations_that_disagree),
        (("insert into order_line (order_id, store_id, position, kind, charge_kind, quantity,"
         " unit_price) select order_id, :other, 99, 'charge', 'fee', 1, 0 from order_line"
         " where id = :line"), queries.lines_in_another_store),
        (("insert into return_line (goods_return_id, store_id, position, order_line_id, kind,"
         " variant_id, quantity, unit_price) select goods_return_id, store_id, 99, order_line_id,"
         " kind, variant_id, 1, 0 from return_line where order_line_id = :line"),
         queries.returned_beyond_the_sold),
    ],
)  # fmt: skip
def test_what_was_broken_by_hand_is_named(session, store, statement, finds):
    rod = make_variant(session, stock=9, store_id=store.id)
    order = make_completed_order(session, Item(2, rod.id), store=store)
    operations.return_order(session, order, by=None, at=NOON)
    assert session.execute(finds()).all() == []
    values = {"line": order.lines[0].id, "other": make_store(session).id}
    session.execute(text(statement), values)
    assert len(session.execute(finds()).all()) == 1


def test_a_text_says_the_day_of_the_last_order_on_the_clocks_of_its_store(session, built_app):
    tokyo = make_store(session, time_zone="Asia/Tokyo")
    client = make_client(session, locale="en")
    make_order(session, store=tokyo, client=client, at=datetime(2026, 11, 20, 16, 30, tzinfo=UTC))

    def told() -> object:
        return session.scalar(select(client_values(literal(client.id))))["last_order"]

    assert told() == "21 Nov 2026"
    # Without an order that stands, the figures say it, on the company's own clocks.
    session.execute(text("update orders set status = 'cancelled'"))
    session.execute(text("update company set time_zone = 'America/Sao_Paulo'"))
    session.execute(text("update client_figures set last_order_at = '2026-11-20 01:30+00'"))
    assert told() == "19 Nov 2026"
