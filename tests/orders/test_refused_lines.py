"""What is refused of a line names the line and its field, in forms and API alike."""

from __future__ import annotations

import secrets

import pytest

from app.kit.security.permissions import asked_rights
from tests import factories
from tests.orders.test_screens import app  # noqa: F401 -- the fixture of the domains' application
from tests.screens import bench


@pytest.fixture
def client(app):
    with app.app_context():
        every = set(asked_rights()) | {("read", guard) for guard in bench.GUARDS}
    with bench.signed_in(bench.reader_with(every)):
        yield app.test_client()


@pytest.fixture
def goods():
    with bench.at_work() as session:
        return factories.make_store(session).id, factories.make_variant(session).id


def post(client, path, body):
    return client.post(
        f"/api/v1/{path}", json=body, headers={"Idempotency-Key": secrets.token_hex(8)}
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1, "discount": "999.00"}, "discount"),
        ({"quantity": 1, "discount": "0.005"}, "discount"),
        ({"quantity": 1, "unit_price": "-1"}, "unit_price"),
    ],
)
def test_the_api_names_the_line_of_an_order(client, goods, wrong, field):
    store, variant = goods
    good = {"variant": variant, "quantity": 1}
    body = {"store": store, "lines": [good, good, {"variant": variant, **wrong}]}
    answer = post(client, "orders", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [f"lines.2.{field}"])


def receipt(lines):
    with bench.at_work() as session:
        supplier, store = factories.make_supplier(session), factories.make_store(session)
        variant = factories.make_variant(session).id
        body = {"supplier": supplier.id, "store": store.id, "currency": "EUR"}
    return body, [{"variant": variant, **one} for one in lines]


def test_a_check_of_the_database_is_told_at_the_line_that_broke_it(client):
    body, lines = receipt([
        {"quantity": 1, "unit_cost": "1"},
        {"quantity": -3, "unit_cost": "1"},
        {"quantity": 2, "unit_cost": "1"},
    ])  # fmt: skip
    answer = post(client, "goods-receipts", {**body, "lines": lines})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["lines.1.quantity"])


def test_a_form_shows_it_in_the_cell(client):
    body, lines = receipt([
        {"quantity": 1, "unit_cost": "1"},
        {"quantity": 2, "unit_cost": "-1"},
    ])  # fmt: skip
    data = {name: str(value) for name, value in body.items()}
    for number, line in enumerate(lines):
        data |= {f"lines-{number}-{name}": str(value) for name, value in line.items()}
    answer = client.post("/goods-receipts/add", data=data)
    assert answer.status_code == 422
    assert 'id="lines-1-unit_cost-h"' in answer.text
    assert 'id="lines-0-unit_cost-h"' not in answer.text


def test_a_form_names_the_line_of_an_order(client, goods):
    store, variant = goods
    data = {"store": str(store)}
    for number, discount in enumerate(("0", "77.00")):
        data |= {
            f"lines-{number}-variant": str(variant),
            f"lines-{number}-quantity": "1",
            f"lines-{number}-unit_price": "5",
            f"lines-{number}-discount": discount,
        }
    answer = client.post("/orders/add", data=data)
    assert answer.status_code == 422, answer.headers
    assert 'id="lines-1-discount-h"' in answer.text


def test_what_was_not_bought_or_is_too_much_is_told_at_the_line_of_the_return(client):
    with bench.at_work() as session:
        order = factories.make_completed_order(session)
        bought, other = order.lines[0].variant_id, factories.make_variant(session).id
        body = {"store": order.store_id, "order": order.id}
    good = {"variant": bought, "quantity": 1}
    for wrong, field in (
        ({"variant": other, "quantity": 1}, "variant"),
        ({"variant": bought, "quantity": 2}, "quantity"),
    ):
        answer = post(client, "goods-returns", {**body, "lines": [wrong]})
        assert list(answer.json["errors"]) == [f"lines.0.{field}"], answer.json
    assert post(client, "goods-returns", {**body, "lines": [good]}).status_code == 201
