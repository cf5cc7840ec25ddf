"""The lines of drafts through the API: what the form may change, a caller may."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from app.orders import operations
from app.orders.models import Order, OrderLine
from app.stock.models import GoodsReceipt
from tests import factories
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench
from tests.screens.filling import as_data, form_values


def draft() -> tuple[int, int, int]:
    with bench.at_work() as session:
        variant = factories.make_variant(session, price=Decimal(10))
        order = factories.make_draft(session)
        operations.save_order(session, order, by=None, at=factories.NOON)
        return order.id, order.version, variant.id


def test_a_drafts_lines_are_changed_and_its_sums_with_them(client):
    pk, version, variant = draft()
    lines = [
        {"variant": variant, "quantity": 3},
        {"charge_kind": "fee", "quantity": 1, "unit_price": "2.50"},
    ]
    answer = client.put(f"/api/v1/orders/{pk}", json={"version": version, "lines": lines})
    assert answer.status_code == 200, answer.json
    row = answer.json["result"]
    assert [line["amount"] for line in row["lines"]] == ["30.00", "2.50"]
    assert row["total"] == "32.50"
    first = row["lines"][0]["id"]
    body = {"version": row["version"], "lines": [{"id": first, "quantity": 1}]}
    row = client.put(f"/api/v1/orders/{pk}", json=body).json["result"]
    assert (row["total"], [line["id"] for line in row["lines"]]) == ("10.00", [first])


def test_the_lines_of_a_placed_order_are_refused_in_a_sentence(client):
    with bench.at_work() as session:
        order = factories.make_order(session)
        pk, version, total = order.id, order.version, order.total
    answer = client.put(f"/api/v1/orders/{pk}", json={"version": version, "lines": []})
    assert answer.status_code == 409
    assert "A placed order is not edited" in answer.json["detail"]
    with bench.at_work() as session:
        assert session.get_one(Order, pk).total == total


def test_a_line_that_is_neither_product_nor_charge_is_said_at_its_line(client):
    pk, version, _variant = draft()
    body = {"version": version, "lines": [{"quantity": 1, "unit_price": "1"}]}
    answer = client.put(f"/api/v1/orders/{pk}", json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.0.variant"])


@pytest.mark.parametrize("quantity", [4, 9])
def test_a_delivery_is_written_down_with_its_lines(client, quantity):
    with bench.at_work() as session:
        variant, store = factories.make_variant(session), factories.make_store(session)
        supplier = factories.make_supplier(session)
        body = {"supplier": supplier.id, "store": store.id, "currency": "EUR"}
        line = {"variant": variant.id, "quantity": quantity, "unit_cost": "2.50"}
    made = client.post("/api/v1/goods-receipts", json={**body, "lines": [line]})
    assert made.status_code == 201, made.json
    with bench.at_work() as session:
        assert session.get_one(GoodsReceipt, made.json["id"]).total == Decimal("2.5") * quantity


def test_the_form_too_takes_a_new_line_in_the_place_of_the_last(client):
    pk, version, variant = draft()
    with bench.at_work() as session:
        (line,) = session.scalars(select(OrderLine.id).where(OrderLine.order_id == pk)).all()
    html = client.get(f"/orders/edit/{pk}").text
    sent = {
        **as_data(form_values(html)),
        "lines-0-id": line,
        "lines-0-delete": "1",
        "lines-1-variant": variant,
        "lines-1-quantity": "2",
        "version": version,
    }
    answer = client.post(f"/orders/edit/{pk}", data=sent)
    assert answer.status_code == 302, answer.text
    with bench.at_work() as session:
        assert session.get_one(Order, pk).total == 20
