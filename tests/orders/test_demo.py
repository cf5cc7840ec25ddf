"""The demo's rows, with every invariant over them: the one place where all parts meet on many rows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from app.cashier.demo import load_expenses
from app.cashier.queries import balances_in_another_store
from app.cashier.queries import paid_that_disagrees as expenses_that_disagree
from app.catalogue.demo import load_catalogue
from app.clients.demo import load_clients
from app.clients.models import Client, ContactPoint
from app.clients.queries import clients_without_figures, consents_that_disagree
from app.company.operations.demo import load_places
from app.kit.phone import normalise_phone
from app.orders import queries
from app.orders.demo import load_orders
from app.orders.models import Order
from app.stock.demo import load_stock
from app.stock.queries import (
    on_hand_that_disagrees,
    receipts_that_disagree,
    reserved_that_disagrees,
)
from app.value.demo import load_certificates
from app.value.queries import (
    certificates_that_disagree,
    entries_off_their_lot,
    lots_that_disagree,
)

INVARIANTS = (
    clients_without_figures,
    consents_that_disagree,
    certificates_that_disagree,
    lots_that_disagree,
    on_hand_that_disagrees,
    reserved_that_disagrees,
    queries.orders_that_disagree,
    queries.returns_that_disagree,
    queries.paid_that_disagrees,
    queries.refunded_that_disagrees,
    queries.payment_states_that_disagree,
    queries.ways_that_disagree,
    queries.given_that_disagrees,
    queries.returned_that_disagrees,
    queries.figures_that_disagree,
    queries.reservations_that_disagree,
    queries.returned_beyond_the_sold,
    queries.refunds_off_their_order,
    queries.lines_in_another_store,
    expenses_that_disagree,
    balances_in_another_store,
    receipts_that_disagree,
    entries_off_their_lot,
)
LOADERS = (
    load_places,
    load_catalogue,
    load_clients,
    load_certificates,
    load_orders,
    load_stock,
    load_expenses,
)


def load(session, loader):
    made = loader(session, "small")
    if isinstance(made, Iterator):
        list(made)


@pytest.fixture
def demo(session):
    for loader in LOADERS:
        load(session, loader)
    return session


def counts(session):
    tables = (
        "product", "variant", "client", "contact_point", "consent_event", "orders", "order_line",
        "payment", "goods_return", "movement", "stock_balance", "expense", "expense_payment",
        "certificate", "value_entry", "goods_receipt", "supplier_product",
    )  # fmt: skip
    return {t: session.scalar(text(f"select count(*) from {t}")) for t in tables}


def test_the_demo_fills_every_list_obeys_every_invariant_and_loads_once(demo):
    before = counts(demo)
    assert [table for table, count in before.items() if count == 0] == []
    assert before["orders"] == 400
    broken = {one.__name__: demo.execute(one().limit(3)).all() for one in INVARIANTS}
    assert {name: rows for name, rows in broken.items() if rows} == {}
    for loader in LOADERS:
        load(demo, loader)
    assert counts(demo) == before


def test_the_salon_sells_what_it_does_and_moves_no_stock(demo):
    sold = demo.execute(
        text("""
        select count(*), count(*) filter (where l.stocked), count(m.id) from order_line l
          join store s on s.id = l.store_id and s.kind = 'salon'
          left join movement m on m.ref_kind = 'order' and m.ref_id = l.order_id""")
    ).one()
    assert sold[0] > 10
    assert tuple(sold[1:]) == (0, 0)


def test_nobody_real_can_be_reached(demo):
    assert demo.scalar(select(func.count()).where(~Client.made_up)) == 0
    for channel, value in demo.execute(select(ContactPoint.channel, ContactPoint.normalised)):
        if channel == "email":
            assert value.endswith("@example.com")
        else:
            assert normalise_phone(value) == value
            assert value[5:10] == "55501"


def test_an_invariant_names_what_was_broken_by_hand(demo):
    order = demo.scalar(select(Order.id).where(Order.total > 0).limit(1))
    demo.execute(
        text(
            "insert into order_line (order_id, store_id, position, kind, charge_kind, quantity,"
            " unit_price, amount) select id, store_id, 99, 'charge', 'fee', 1, 100, 100 from orders"
            " where id = :id"
        ),
        {"id": order},
    )
    assert [row.id for row in demo.execute(queries.orders_that_disagree())] == [order]


@pytest.mark.parametrize(
    ("column", "finds"),
    [("paid", queries.paid_that_disagrees), ("returned", queries.returned_that_disagrees)],
)
def test_a_sum_that_left_its_ledger_is_named(demo, column, finds):
    order = demo.scalar(select(Order.id).where(Order.total > 0).limit(1))
    demo.execute(
        text(f"update orders set {column} = {column} + 10000 where id = :id"), {"id": order}
    )
    assert [row.id for row in demo.execute(finds())] == [order]


def test_what_was_sold_and_came_back_stands_on_the_day_of_its_store(demo):
    for table, at in (("orders", "placed_at"), ("goods_return", "returned_at")):
        wrong = text(
            f"select count(*) from {table} d join store s on s.id = d.store_id"
            f" where d.business_date <> (d.{at} at time zone s.time_zone)::date"
        )
        assert demo.scalar(wrong) == 0, table
