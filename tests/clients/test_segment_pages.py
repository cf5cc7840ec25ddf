"""The editor of segments through the application: who may ask what, and two people at one segment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import config as settings
from app.clients.models import Segment
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.security.permissions import all_rights
from app.kit.servers import TestServer
from tests import factories
from tests.databases import Database
from tests.screens import bench, filling

BOUGHT = "bought_product"


@pytest.fixture(scope="module")
def app(
    server: TestServer,
    module_database: Database,
    tmp_path_factory: pytest.TempPathFactory,
) -> Flask:
    from app import create_app

    environ = {
        "DATABASE_URL": server.url(module_database.name),
        "REDIS_URL": server.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
    }
    made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    bench.let_tests_choose_the_reader(made)
    return made


@pytest.fixture
def rights(app: Flask) -> set[tuple[str, str]]:
    with app.app_context():
        return set(all_rights())


@pytest.fixture
def client(app: Flask, rights: set[tuple[str, str]]) -> Iterator[FlaskClient]:
    with bench.signed_in(bench.reader_with(rights)):
        yield app.test_client()


def count(client: FlaskClient, definition: Any) -> Any:
    body = definition if isinstance(definition, str) else json.dumps(definition)
    return client.post(
        "/segments/count",
        data=body,
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )


def lookup(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/segments/lookup/product?{query}")
    assert answer.status_code == 200, answer.text[:500]
    found: list[dict[str, Any]] = answer.json["results"]
    return found


def sale(company: int) -> tuple[int, str]:
    """Somebody of a company buys a product; return its id and name."""
    with work(company_stamp(company, user_id=7)) as session:
        product = factories.make_product(session, name=f"Lantern of {company}")
        variant = factories.make_variant(session, product=product)
        buyer = factories.make_client(session, name=f"Buyer of {company}")
        item = factories.orders.Item(1, variant.id)
        factories.make_order(session, item, client=buyer)
        return product.id, product.name


def test_products_and_buyers_of_another_company_are_not_there(client: FlaskClient) -> None:
    (ours, name), (theirs, hidden) = sale(1), sale(2)
    answer = count(client, {"field": BOUGHT, "op": "one_of", "value": [ours]})
    assert answer.json["count"] == 1
    assert [one["name"] for one in answer.json["sample"]] == ["Buyer of 1"]
    answer = count(client, {"field": BOUGHT, "op": "one_of", "value": [theirs]})
    assert answer.json == {"count": 0, "sample": []}
    assert lookup(client, f"id={ours}&id={theirs}") == [{"id": ours, "text": name}]
    assert [one["text"] for one in lookup(client, "q=lantern")] == [name]
    assert hidden not in client.get("/segments/lookup/product?q=").text


def test_counting_and_looking_up_need_the_right_to_segments(
    app: Flask, rights: set[tuple[str, str]]
) -> None:
    client = app.test_client()
    assert count(client, {}).status_code == 401
    with bench.signed_in(bench.reader_with(rights - {("read", "Segment")})):
        assert count(client, {}).status_code == 403
        assert client.get("/segments/lookup/product").status_code == 403


def test_who_may_not_see_clients_is_told_how_many_and_not_who(
    app: Flask, rights: set[tuple[str, str]]
) -> None:
    product, _name = sale(1)
    definition = {"field": BOUGHT, "op": "one_of", "value": [product]}
    with bench.at_work() as session:
        segment = Segment(name="Lantern", definition=definition)
        session.add(segment)
        session.flush()
        pk = segment.id
    client = app.test_client()
    with bench.signed_in(bench.reader_with(rights - {("read", "Client")})):
        assert count(client, definition).json == {"count": 1, "sample": []}
        assert "Buyer of 1" not in client.get(f"/segments/tab/{pk}/clients").text
    with bench.signed_in(bench.reader_with(rights)):
        assert "Buyer of 1" in client.get(f"/segments/tab/{pk}/clients").text


def test_who_may_not_see_money_may_not_ask_for_it(app: Flask, rights: set[tuple[str, str]]) -> None:
    rich = {"field": "orders_sum", "op": "more_than", "value": "100"}
    client = app.test_client()
    with bench.signed_in(bench.reader_with(rights - {("read", "money")})):
        for definition in (rich, {"not": rich}, {"all": [{"any": [rich]}]}):
            assert count(client, definition).status_code == 422
        sent = {"name": "Rich", "definition": json.dumps(rich)}
        assert client.post("/segments/add", data=sent).status_code == 422
        assert "orders_sum" not in client.get("/segments/add").text
    with bench.signed_in(bench.reader_with(rights)):
        assert count(client, rich).status_code == 200


NONSENSE = [
    "{",
    "[]",
    '"all"',
    "[" * 100_000,
    '{"all":[' * 900 + "{}" + "]}" * 900,
    {"all": []},
    {"all": [{"field": "stage", "op": "one_of", "value": ["lead"]}], "any": []},
    {"field": "stage", "op": "one_of", "value": ["lead"], "not": {}},
    {"field": "stage", "op": "one_of", "value": ["nonsense"]},
    {"field": "order_channel", "op": "one_of", "value": ["nonsense"]},
    {"field": "consent", "op": "one_of", "value": [None]},
    {"field": "orders_count", "op": "is", "value": "--5"},
    {"field": "orders_count", "op": "is", "value": "9" * 5000},
    {"field": "orders_sum", "op": "is", "value": "1.00001"},
    {"field": "orders_sum", "op": "is", "value": "NaN"},
    {"field": "registered", "op": "after", "value": "9999-12-31"},
    {"field": "registered", "op": "between", "value": ["2026-01-01", "9999-12-31"]},
    {"field": "registered", "op": "before", "value": "0001-01-01"},
    {"field": "registered", "op": "in_last_days", "value": 10**9},
    {"field": "bought_product", "op": "one_of", "value": ["x"]},
    {"field": "bought_product", "op": "one_of", "value": ["1"] * 501},
    {"field": "city", "op": "is", "value": "\ud800"},
    {"field": "city", "op": "is", "value": {"a": 1}},
    {"field": ["city"], "op": "is", "value": "Kiel"},
]


@pytest.mark.parametrize("definition", NONSENSE, ids=lambda one: str(one)[:60])
def test_nonsense_is_a_sentence_and_never_a_bug(client: FlaskClient, definition: Any) -> None:
    answer = count(client, definition)
    assert answer.status_code == 422, answer.text[:300]
    assert answer.json["detail"]
    body = definition if isinstance(definition, str) else json.dumps(definition)
    sent = {"name": "Nonsense", "definition": body}
    assert client.post("/segments/add", data=sent).status_code == 422
    with bench.at_work() as session:
        assert session.scalar(select(Segment.id).where(Segment.name == "Nonsense")) is None


@pytest.mark.parametrize("query", ["id=x", f"id={10**30}", "id=٣", "q=%00", "q=%25%27"])
def test_odd_lookups_find_nothing(client: FlaskClient, query: str) -> None:
    assert client.get(f"/segments/lookup/product?{query}").status_code == 200


# --- two people ---------------------------------------------------------------------------------


def make_segment(name: str) -> int:
    with bench.at_work() as session:
        return int(factories.make_segment(session, name=name).id)


def form(client: FlaskClient, pk: int) -> dict[str, list[str]]:
    return filling.as_data(filling.form_values(bench.page(client, f"/segments/edit/{pk}")))


def test_two_people_at_one_segment_see_both_versions_and_decide(client: FlaskClient) -> None:
    pk = make_segment("Regulars")
    url = f"/segments/edit/{pk}"
    mine, theirs = form(client, pk), form(client, pk)
    lapsed = json.dumps({"all": [{"field": "last_order", "op": "not_in_last_days", "value": 90}]})
    many = json.dumps({"all": [{"field": "orders_count", "op": "more_than", "value": 7}]})
    first = {**theirs, "name": "Lapsed regulars", "definition": lapsed}
    assert client.post(url, data=first).status_code == 302
    second = {**mine, "name": "Best regulars", "definition": many}
    answer = client.post(url, data=second)
    assert answer.status_code == 409
    for words in (
        "Best regulars",
        "Lapsed regulars",
        "is more than 7",
        "longer ago than … days 90",
    ):
        assert words in answer.text, words
    with bench.at_work() as session:
        assert session.get_one(Segment, pk).name == "Lapsed regulars"
    again = filling.as_data(filling.form_values(answer.text))
    assert again["name"] == ["Best regulars"]
    assert client.post(url, data=again).status_code == 302
    with bench.at_work() as session:
        found = session.get_one(Segment, pk)
        assert (found.name, found.definition) == ("Best regulars", json.loads(many))


def test_a_name_that_is_taken_is_a_sentence_on_the_form(client: FlaskClient) -> None:
    make_segment("Taken")
    sent = {"name": "Taken", "definition": "{}", "note": "Kept note"}
    answer = client.post("/segments/add", data=sent)
    assert answer.status_code == 409
    assert "already used" in answer.text
    assert "Kept note" in answer.text


def test_an_archived_segment_is_not_edited(client: FlaskClient) -> None:
    pk = make_segment("Old")
    values = form(client, pk)
    assert client.post(f"/segments/archive/{pk}", data={"version": "1"}).status_code == 302
    assert client.post(f"/segments/edit/{pk}", data=values).status_code == 409


def test_the_editor_asks_as_much_for_many_countries_as_for_one(
    app: Flask, client: FlaskClient
) -> None:
    bench.page(client, "/segments/add")
    with bench.counted(app) as few:
        bench.page(client, "/segments/add")
    with bench.at_work() as session:
        for country in ("AT", "CH", "FR", "PL"):
            factories.make_client(session, country=country)
    with bench.counted(app) as many:
        html = bench.page(client, "/segments/add")
    assert len(few) == len(many)
    assert all(f'"{country}"' in html for country in ("AT", "CH", "FR", "PL"))


def test_half_a_condition_is_refused_with_its_place_when_counted_and_when_saved(
    client: FlaskClient,
) -> None:
    whole = {"field": "orders_count", "op": "more_than", "value": 1}
    definition = json.dumps({"all": [whole, {"field": "city", "op": "is", "value": ""}]})
    said = "Condition 2: “City” has no value yet."
    counted = client.post(
        "/segments/count", data=definition, headers={"Accept": "application/json"}
    )
    assert (counted.status_code, counted.get_json()["detail"]) == (422, said)
    saved = client.post("/segments/add", data={"name": "Half", "definition": definition})
    assert saved.status_code == 422
    assert said in saved.text
    # What stands in the form again is what was typed, the unfinished condition with it.
    assert "&#34;city&#34;" in saved.text
