"""A sale by the API alone, from the draft to the return: what the buttons do, programs do."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from app.orders import queries
from app.orders.models import Order
from app.stock.models import StockBalance
from app.stock.operations import count_stock
from tests import factories
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench

EDGE = {"by": None, "at": factories.NOON}


def key():
    return {"Idempotency-Key": f"s{factories.number()}"}


def test_from_the_delivery_to_the_return_without_a_page(client):
    with bench.at_work() as session:
        variant = factories.make_variant(session, price=Decimal(10), cost=None)
        store, supplier = factories.make_store(session), factories.make_supplier(session)
        ids = {"store": store.id, "supplier": supplier.id, "variant": variant.id}
        product = variant.product_id

    def done(path, body=None):
        answer = client.post(f"/api/v1/{path}", json=body, headers=key())
        assert answer.status_code in (200, 201), answer.json
        return answer.json

    done(f"products/{product}/withdraw")
    assert done(f"products/{product}/publish")["result"]["status"] == "published"
    line = {"variant": ids["variant"], "quantity": 5, "unit_cost": "4"}
    head = {"store": ids["store"], "supplier": ids["supplier"], "currency": "EUR", "rate": "1"}
    receipt = done("goods-receipts", {**head, "lines": [line]})
    received = done(f"goods-receipts/{receipt['id']}/receive")
    assert received["message"] == "The goods are in stock."
    lines = [{"variant": ids["variant"], "quantity": 2}]
    order = done("orders", {"store": ids["store"], "lines": lines})
    where = f"orders/{order['id']}"
    done(f"{where}/confirm", {"version": order["result"]["version"]})
    done(f"{where}/assemble")
    done(f"{where}/ship")
    payment = done("payments", {"order": order["id"], "method": "cash", "amount": "20"})
    assert payment["result"]["status"] == "settled"
    row = done(f"{where}/complete")["result"]
    assert (row["status"], row["payment_state"]) == ("completed", "paid")
    made = done(f"{where}/take_back")["made"]
    assert made["resource"] == "goods-returns"
    with bench.at_work() as session:
        on_hand = session.scalar(
            select(StockBalance.on_hand).where(StockBalance.variant_id == ids["variant"])
        )
        assert on_hand == 5
        for query in (queries.orders_that_disagree, queries.returned_that_disagrees):
            assert session.execute(query()).all() == []


def test_an_order_is_cancelled_with_its_reason(client):
    with bench.at_work() as session:
        pk = factories.make_order(session).id
    answer = client.post(f"/api/v1/orders/{pk}/cancel", json={"reason": "Out of season"})
    assert answer.status_code == 200, answer.json
    with bench.at_work() as session:
        assert session.get_one(Order, pk).cancel_reason == "Out of season"


def test_who_was_refused_on_a_broken_line_is_not_served_later(client):
    """Of 40 shoppers on broken lines one read 409 while the order existed."""
    with bench.at_work() as session:
        store = factories.make_store(session)
        rod = factories.make_variant(session, stock=1, store_id=store.id)
        body = {"store": store.id, "lines": [{"variant": rod.id, "quantity": 2}]}
        variant = rod.id
    once = key()
    first = client.post("/api/v1/orders", json=body, headers=once)
    with bench.at_work() as session:
        count_stock(session, body["store"], {variant: 9}, **EDGE)
    again = client.post("/api/v1/orders", json=body, headers=once)
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json["detail"] == first.json["detail"]
    with bench.at_work() as session:
        assert session.scalars(select(Order.id).where(Order.store_id == body["store"])).all() == []
    assert client.post("/api/v1/orders", json=body, headers=key()).status_code == 201
