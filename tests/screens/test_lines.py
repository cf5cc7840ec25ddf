"""Lines through the API: read with their record, made, changed, left out; refused in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from app.catalogue.models import Product, Variant
from app.kit import clock
from tests.screens.bench import at_work, counted

PRODUCTS = "/api/v1/bench-products"


def product(*skus: str) -> tuple[int, list[int]]:
    with at_work() as session:
        rod = Product(name="Rod")
        lines = [Variant(product=rod, sku=sku, name=sku, price=1, currency="EUR") for sku in skus]
        session.add_all([rod, *lines])
        session.flush()
        return rod.id, [line.id for line in lines]


def lines_of(pk: int) -> list[tuple[object, ...]]:
    with at_work() as session:
        rows = session.execute(
            text("select id, sku, price from variant where product_id = :pk order by id"),
            {"pk": pk},
        )
        return [(one, sku, price // 10_000) for one, sku, price in rows]


def test_a_record_comes_with_its_lines_in_one_more_query(app, client, everything):
    pk, ids = product("A", "B")
    client.get(f"{PRODUCTS}/{pk}")
    with counted(app) as queries:
        row = client.get(f"{PRODUCTS}/{pk}").json["result"]
    assert len(queries) == 2
    assert [(line["id"], line["sku"], line["price"]) for line in row["variants"]] == [
        (ids[0], "A", "1.00"),
        (ids[1], "B", "1.00"),
    ]
    only = client.get(f"{PRODUCTS}/{pk}", query_string={"q": "(columns:!(name))"}).json["result"]
    assert set(only) == {"id", "version", "name"}


def test_a_record_is_made_with_its_lines(client, everything):
    lines = [{"sku": "A", "name": "a", "price": "2.50", "currency": "EUR"}]
    made = client.post(PRODUCTS, json={"name": "Rod", "variants": lines})
    assert made.status_code == 201, made.json
    assert [line["price"] for line in made.json["result"]["variants"]] == ["2.50"]
    assert client.get(f"{PRODUCTS}/{made.json['id']}").json["result"] == made.json["result"]


def test_a_list_of_lines_takes_the_place_of_the_former(client, everything):
    pk, (one, _two) = product("A", "B")
    new = {"sku": "C", "name": "c", "currency": "EUR"}
    body = {"version": 1, "variants": [{"id": one, "price": "7"}, new]}
    answer = client.put(f"{PRODUCTS}/{pk}", json=body)
    assert (answer.status_code, answer.json["result"]["version"]) == (200, 2), answer.json
    assert [(sku, price) for _id, sku, price in lines_of(pk)] == [("A", 7), ("C", 0)]
    assert lines_of(pk)[0][0] == one
    assert client.put(f"{PRODUCTS}/{pk}", json={**body, "version": 1}).status_code == 409


def test_without_a_list_the_lines_stay(client, everything):
    pk, _ids = product("A", "B")
    assert client.put(f"{PRODUCTS}/{pk}", json={"version": 1, "name": "Reel"}).status_code == 200
    assert [sku for _id, sku, _price in lines_of(pk)] == ["A", "B"]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([{"id": 999}], "variants.0.id"),
        ([{"id": True}], "variants.0.id"),
        ([{"id": "1"}], "variants.0.id"),
        ([{"id": None}], "variants.0.id"),
        ([{"sku": "C", "name": "c"}], "variants.0.currency"),
        ([{"colour": "red"}], "variants.0.colour"),
        ([5], "variants"),
        ({}, "variants"),
        (None, "variants"),
        ([{}] * 1001, "variants"),
    ],
)
def test_wrong_lines_are_named_and_nothing_is_saved(client, everything, lines, field):
    pk, _ids = product("A")
    answer = client.put(f"{PRODUCTS}/{pk}", json={"version": 1, "variants": lines, "name": "X"})
    assert answer.status_code == 422
    assert field in answer.json["errors"]
    assert [sku for _id, sku, _price in lines_of(pk)] == ["A"]


def test_the_line_of_another_record_cannot_be_taken_and_none_is_named_twice(client, everything):
    pk, (mine,) = product("A")
    _other, (theirs,) = product("B")
    for lines in ([{"id": theirs}], [{"id": mine}, {"id": mine}]):
        answer = client.put(f"{PRODUCTS}/{pk}", json={"version": 1, "variants": lines})
        assert answer.status_code == 422
        assert list(answer.json["errors"]) in (["variants.0.id"], ["variants.1.id"])
    assert len(lines_of(_other)) == 1


def test_the_description_says_how_lines_are_sent(client, everything):
    schemas = client.get("/api/v1/_openapi").json["components"]["schemas"]

    def items(kind: str) -> dict[str, Any]:
        return schemas[f"BenchProductsApi.{kind}"]["properties"]["variants"]["items"]

    assert {"id", "sku"} <= set(items("get")["properties"])
    # A line of the record is named by its id; a new one says all that is needed.
    present, new = items("put")["anyOf"]
    assert (present["required"], "version" in present["properties"]) == (["id"], True)
    assert new == items("post")
    assert not {"id", "version"} & set(new["properties"])
    pk, (_line,) = product("A")
    for line in ({"version": 0}, {}):
        body = {"version": 1, "variants": [line]}
        answer = client.put(f"{PRODUCTS}/{pk}", json=body)
        assert answer.json["type"] == "urn:tresen:problem:fields", answer.json


def test_a_change_of_lines_moves_the_version_within_one_instant_too(client, everything):
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    clock.set_clock(lambda: now)
    try:
        pk, (line,) = product("A")
        for version in (1, 2):
            body = {"version": version, "variants": [{"id": line, "price": str(version)}]}
            answer = client.put(f"{PRODUCTS}/{pk}", json=body)
            assert answer.json["result"]["version"] == version + 1
    finally:
        clock.set_clock(None)
