"""The lines of a return through the API and the form: which piece comes back, and for how much."""

from __future__ import annotations

import secrets
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.kit.database.stamp import Role
from app.kit.errors import Conflict
from app.kit.security.permissions import asked_rights
from app.orders.models import GoodsReturn, Order, OrderLine, ReturnLine
from app.orders.operations import Item
from app.orders.operations.return_allocation import link_lines
from tests import factories
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench
from tests.screens.filling import as_data, form_values


@pytest.fixture
def sold(app) -> dict[str, int]:
    """Three pieces at 100 and one of the same for nothing."""
    with bench.at_work() as session:
        rod = factories.make_variant(session, name="Rod", price=Decimal(100))
        lines = (Item(3, rod.id), Item(1, rod.id, discount=Decimal(100)))
        order = factories.make_completed_order(session, *lines)
        dear, free = (line.id for line in order.lines)
        return {
            "order": order.id, "store": order.store_id, "variant": rod.id, "dear": dear,
            "free": free,
        }  # fmt: skip


def post(client, sold, *lines):
    body = {"store": sold["store"], "order": sold["order"], "lines": list(lines)}
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    return client.post("/api/v1/goods-returns", json=body, headers=headers)


def test_a_program_names_the_line_that_comes_back(client, sold):
    answer = post(client, sold, {"quantity": 1, "order_line": sold["free"]})
    assert answer.status_code == 201, answer.text
    made = answer.json["result"]
    (line,) = made["lines"]
    assert (made["total"], line["order_line"], line["variant"]) == (
        "0.00",
        sold["free"],
        sold["variant"],
    )
    body = {"version": made["version"], "lines": [{**line, "order_line": sold["dear"]}]}
    for computed in ("amount", "tax", "tax_rate", "order_line_name", "variant_name"):
        body["lines"][0].pop(computed)
    answer = client.put(f"/api/v1/goods-returns/{answer.json['id']}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json["result"]["total"] == "100.00"


def test_a_program_sends_one_line_for_pieces_of_two(client, sold):
    made = post(client, sold, {"variant": sold["variant"], "quantity": 4}).json["result"]
    assert [(line["quantity"], line["amount"]) for line in made["lines"]] == [
        (3, "300.00"),
        (1, "0.00"),
    ]


def test_of_a_line_that_is_named_no_more_comes_back_than_it_has(client, sold):
    """By its number or as the record itself: nothing is taken from another line instead."""
    answer = post(client, sold, {"order_line": sold["dear"], "quantity": 4})
    assert answer.status_code == 409, answer.text
    with bench.at_work() as session:
        order = session.get_one(Order, sold["order"])
        line = ReturnLine(order_line=session.get_one(OrderLine, sold["dear"]), quantity=4)
        document = GoodsReturn(order=order, store_id=sold["store"])
        with pytest.raises(Conflict):
            link_lines(session, document, order, [line])
        session.rollback()


def test_a_program_keeps_something_back(client, sold):
    line = {"variant": sold["variant"], "quantity": 1, "discount": "10"}
    assert post(client, sold, line).json["result"]["total"] == "90.00"
    answer = post(client, sold, {**line, "discount": "100.01"})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.0.discount"])


def test_a_line_of_another_order_is_refused_at_its_place(client, sold):
    with bench.at_work() as session:
        other = factories.make_completed_order(session).lines[0].id
    line = {"variant": sold["variant"], "quantity": 1}
    answer = post(client, sold, line, {**line, "order_line": other})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.1.order_line"])


def test_the_form_offers_the_lines_of_the_chosen_order(client, sold):
    page = client.get("/goods-returns/add").text
    assert 'data-lookup-within="order"' in page
    url = "/goods-returns/lookup/lines:order_line"
    assert client.get(f"{url}?q=").json["results"] == []
    found = client.get(f"{url}?q=&within={sold['order']}").json["results"]
    assert [one["id"] for one in found] == [sold["dear"], sold["free"]]
    assert found[1]["text"] == "Rod · Position 2 · Quantity 1 · Amount 0"
    assert client.get(f"{url}?q=Ree&within={sold['order']}").json["results"] == []


def test_the_form_takes_the_line_that_was_chosen(client, sold):
    sent = {
        "store": sold["store"],
        "order": sold["order"],
        "reason": "changed_mind",
        "rate": "1",
        "prices_include_tax": "1",
        "lines-0-order_line": sold["free"],
        "lines-0-quantity": "1",
        "lines-0-restock": "1",
        "lines-1-variant": sold["variant"],
        "lines-1-quantity": "1",
        "lines-1-discount": "25",
        "lines-1-restock": "1",
    }
    answer = client.post("/goods-returns/add", data=sent)
    assert answer.status_code == 302, answer.text[-3000:]
    pk = int(answer.location.rsplit("/", 1)[1])
    assert "Rod · Position 2 · Quantity 1" in client.get(f"/goods-returns/show/{pk}").text
    assert "Rod · Position 2 · Quantity 1" in client.get(f"/goods-returns/edit/{pk}").text
    with bench.at_work() as session:
        lines = session.scalars(
            select(ReturnLine).where(ReturnLine.goods_return_id == pk).order_by(ReturnLine.position)
        ).all()
        assert [(one.order_line_id, one.amount) for one in lines] == [
            (sold["free"], 0),
            (sold["dear"], 75),
        ]
    answer = client.post(f"/goods-returns/do/receive/{pk}")
    assert answer.status_code == 302, answer.text[-2000:]
    with bench.at_work() as session:
        assert session.get_one(Order, sold["order"]).returned == 75


def test_a_choice_that_is_cleared_in_the_form_is_made_anew(client, sold):
    pk = post(client, sold, {"quantity": 1, "order_line": sold["free"]}).json["id"]
    page = client.get(f"/goods-returns/edit/{pk}").text
    values = {**as_data(form_values(page)), "lines-0-order_line": ""}
    assert client.post(f"/goods-returns/edit/{pk}", data=values).status_code == 302
    with bench.at_work() as session:
        assert session.get_one(GoodsReturn, pk).total == 100


def test_goods_are_named_apart_without_money_for_those_who_see_none(app, sold):
    who = bench.reader_with({("read", "GoodsReturn"), ("write", "GoodsReturn")})
    with bench.signed_in(who):
        url = f"/goods-returns/lookup/lines:order_line?q=&within={sold['order']}"
        found = app.test_client().get(url).json["results"]
    assert found[1]["text"] == "Rod · Position 2 · Quantity 1"


def of_the_store(app, sold):
    """Somebody bound to one store, with all rights."""
    with app.app_context():
        return bench.reader_with(
            asked_rights(), store_ids=(sold["store"],), every_store=False, bound_as=Role.STORE
        )


def test_whoever_is_bound_to_the_store_takes_lines_back_too(app, client, sold):
    """What came back in any store is looked up while the new lines are still half made."""
    with bench.signed_in(of_the_store(app, sold)):
        made = post(client, sold, {"variant": sold["variant"], "quantity": 1})
        assert made.status_code == 201, made.text
        pk = made.json["id"]
        line = {"id": made.json["result"]["lines"][0]["id"], "quantity": 2}
        body = {"version": made.json["result"]["version"], "lines": [line]}
        changed = client.put(f"/api/v1/goods-returns/{pk}", json=body)
        assert changed.status_code == 200, changed.text
        assert changed.json["result"]["lines"][0]["quantity"] == 2
        assert client.post(f"/api/v1/goods-returns/{pk}/receive").status_code == 200


def test_what_came_back_elsewhere_is_gone_on_with_by_who_sees_both_stores(app, client, sold):
    with bench.at_work() as session:
        there = factories.make_store(session).id
    elsewhere = {**sold, "store": there}
    draft = post(client, elsewhere, {"variant": sold["variant"], "quantity": 1}).json["id"]
    received = post(client, elsewhere, {"variant": sold["variant"], "quantity": 1}).json["id"]
    assert client.post(f"/api/v1/goods-returns/{received}/receive").status_code == 200
    key = {"Idempotency-Key": secrets.token_hex(8)}
    money = {"goods_return": received, "direction": "returned", "method": "cash"}
    with bench.signed_in(of_the_store(app, elsewhere)):
        for answer in (
            client.post(f"/api/v1/goods-returns/{draft}/receive"),
            client.post("/api/v1/payments", json=money, headers=key),
        ):
            assert answer.status_code == 403, answer.text
            assert "ask somebody who sees both" in answer.json["detail"]
