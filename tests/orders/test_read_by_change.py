"""A program that keeps itself up to date: what documents, ledgers and balances tell, and when."""

from __future__ import annotations

import csv
import io
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.rest import change_tracking
from app.orders import operations
from app.stock.models import Movement
from tests import factories
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench
from tests.screens.base import all_rights
from tests.screens.change_tracking import EARLY


def rounds(client, path, since=EARLY, *, waits=True):
    """The ids that one round tells, and where the next begins."""
    if waits:
        bench.until_all_is_over()
    told, asked = [], {"changed_since": since, "page_size": 3}
    while True:
        answer = client.get(f"/api/v1/{path}/", query_string=asked)
        assert answer.status_code == 200, answer.text
        told += answer.json["ids"]
        if answer.json["next"] is None:
            return told, answer.json["changed_until"]
        asked["next"] = answer.json["next"]


def sent(client, method, path, body):
    key = {"Idempotency-Key": f"c{factories.number()}"}
    answer = client.open(f"/api/v1/{path}", method=method, json=body, headers=key)
    assert answer.status_code in (200, 201), answer.text
    return answer.json


def test_a_certificate_is_told_when_it_pays(client):
    with bench.at_work() as session:
        certificate = factories.make_certificate(session)
        order = factories.make_order(session)
        pk, body = certificate.id, {"order": order.id, "method": "certificate"}
    since = rounds(client, "certificates")[1]
    version = client.get(f"/api/v1/certificates/{pk}").json["result"]["version"]
    sent(client, "POST", "payments/", {**body, "certificate": pk})
    told, since = rounds(client, "certificates", since)
    assert told == [pk]
    assert rounds(client, "certificates", since)[0] == []
    row = client.get(f"/api/v1/certificates/{pk}").json["result"]
    assert row["version"] == version
    assert Decimal(row["balance.balance"]) < 50


def test_an_expense_is_told_when_it_is_paid(client):
    with bench.at_work() as session:
        pk = factories.make_expense(session, approved=True).id
    since = rounds(client, "expenses")[1]
    sent(client, "POST", "expense-payments/", {"expense": pk, "method": "cash", "amount": "40"})
    assert rounds(client, "expenses", since)[0] == [pk]


def test_a_client_is_told_when_a_contact_point_changes_or_goes(client):
    with bench.at_work() as session:
        point = factories.make_contact_point(session)
        pk, where = point.client_id, f"contact-points/{point.id}"
    since = rounds(client, "clients")[1]
    version = client.get(f"/api/v1/{where}").json["result"]["version"]
    sent(client, "PATCH", where, {"value": "new@example.com", "version": version})
    told, since = rounds(client, "clients", since)
    assert told == [pk]
    with bench.at_work() as session:
        session.execute(text("delete from contact_point where client_id = :pk"), {"pk": pk})
    assert rounds(client, "clients", since)[0] == [pk]


@pytest.mark.parametrize("bound", [False, True])
def test_a_client_is_told_when_their_figures_change_to_those_of_their_stores_too(
    app, client, bound
):
    with bench.at_work() as session:
        buyer, store = factories.make_client(session), factories.make_store(session)
        other = factories.make_store(session)
        pk, stores = buyer.id, (store.id, other.id)
        for _each in range(3):
            factories.make_client(session)

    def buys(store_id):
        with bench.at_work() as session:
            factories.make_completed_order(session, client_id=pk, store_id=store_id)
        with bench.at_work() as session:
            operations.recount_clients(session, [pk])

    who = bench.reader_with(all_rights(app))
    if bound:
        who = bench.reader_with(all_rights(app), store_ids=stores[:1])
    with bench.signed_in(who):
        since = rounds(client, "clients")[1]
        buys(stores[0])
        told, since = rounds(client, "clients", since)
        assert told == [pk]
        count = client.get(f"/api/v1/clients/{pk}").json["result"]["figures.orders_count"]
        assert count == 1
        assert rounds(client, "clients", since)[0] == []
        buys(stores[1])
        if bound:
            since = rounds(client, "clients", since)[1]
            buys(stores[1])
        # What was bought elsewhere is nothing that somebody bound to a store is told.
        assert rounds(client, "clients", since)[0] == ([] if bound else [pk])


def test_a_line_tells_of_itself_and_of_its_order(client):
    with bench.at_work() as session:
        orders = [factories.make_order(session) for _each in range(4)]
        pks = [order.id for order in orders]
        lines = [order.lines[0].id for order in orders]
    before = {path: rounds(client, path) for path in ("order-lines", "orders")}
    assert set(lines) <= set(before["order-lines"][0])
    with bench.at_work() as session:
        statement = text("update order_line set changed_by = changed_by where id = :pk")
        session.execute(statement, {"pk": lines[1]})
    for path, pk in (("order-lines", lines[1]), ("orders", pks[1])):
        told, since = rounds(client, path, before[path][1])
        assert told == [pk], path
        assert rounds(client, path, since)[0] == []


def test_an_entry_that_is_committed_after_later_ones_is_told_in_the_next_round(client):
    with bench.at_work() as session:
        variant, store = factories.make_variant(session), factories.make_store(session)
        ids = {"variant_id": variant.id, "store_id": store.id}
    since = rounds(client, "movements")[1]
    written, read = threading.Event(), threading.Event()
    found = {}

    def slow():
        with work(company_stamp(1)) as session:
            found["slow"] = factories.make_movement(session, quantity=1).id
            written.set()
            read.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    with bench.at_work() as session:
        quick = factories.make_movement(session, quantity=1).id
    told, since = rounds(client, "movements", since, waits=False)
    read.set()
    thread.join()
    assert found["slow"] < quick
    assert told == [], "nothing later than the oldest transaction that runs"
    told, since = rounds(client, "movements", since)
    assert told == [found["slow"], quick]
    assert rounds(client, "movements", since)[0] == []
    assert ids


def test_of_a_long_ledger_the_end_is_read(client, monkeypatch):
    monkeypatch.setattr(change_tracking, "_FIRST_STEP", 1)
    with bench.at_work() as session:
        ago = datetime.now(UTC) - timedelta(days=365)
        old = [factories.make_movement(session, created_at=ago).id for _each in range(6)]
    with bench.at_work() as session:
        new = [factories.make_movement(session, quantity=1).id for _each in range(3)]
        made = session.scalar(select(Movement.created_at).where(Movement.id == new[0]))
    told, since = rounds(client, "movements", (made - timedelta(hours=1)).isoformat())
    assert told == new
    with bench.at_work() as session:
        new = [factories.make_movement(session, quantity=1).id for _each in range(3)]
    assert rounds(client, "movements", since)[0] == new
    assert set(old) < set(rounds(client, "movements")[0])


# --- what a document says of its money -------------------------------------------------------------


def test_an_order_a_return_and_their_lines_say_all_of_their_sums(client):
    with bench.at_work() as session:
        back = factories.make_goods_return(session)
        pks = {"orders": back.order_id, "goods-returns": back.id}
        expected = {"total_company": back.total_company, "rate": back.rate}
    row = client.get(f"/api/v1/orders/{pks['orders']}").json["result"]
    assert {"rate", "total_company", "prices_include_tax", "tax"} <= set(row)
    back = client.get(f"/api/v1/goods-returns/{pks['goods-returns']}").json["result"]
    assert {"goods", "charges", "tax", "total_company", "rate", "prices_include_tax"} <= set(back)
    assert {name: Decimal(back[name]) for name in expected} == expected
    for one in (row, back):
        assert sum(Decimal(line["tax"]) for line in one["lines"]) == Decimal(one["tax"])
        assert {Decimal(line["tax_rate"]) for line in one["lines"]}


def test_what_only_is_told_of_a_line_is_not_sent(client):
    with bench.at_work() as session:
        variant, store = factories.make_variant(session), factories.make_store(session)
        body = {
            "store": store.id,
            "lines": [{"variant": variant.id, "quantity": 1, "tax_rate": "5"}],
        }
    key = {"Idempotency-Key": f"c{factories.number()}"}
    answer = client.post("/api/v1/orders/", json=body, headers=key)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.0.tax_rate"])


def test_orders_are_exported_with_their_tax_and_what_was_paid(client):
    with bench.at_work() as session:
        number = factories.make_order(session).number
    columns = ("number", "total_company", "tax", "paid", "refunded")
    answer = client.get(f"/orders/export?cols={','.join(columns)}")
    assert answer.status_code == 200, answer.text[:500]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert any(row[1] == number for row in rows)
