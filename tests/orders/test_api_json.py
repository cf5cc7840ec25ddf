"""Values are described as they are checked and given."""

import secrets

import pytest

from app.kit.database.source import SAYS
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests


@pytest.fixture
def described(client):
    return client.get("/api/v1/_openapi").json


@pytest.fixture
def sent(described):
    def of(resource, field):
        body = described["paths"][f"/api/v1/{resource}/"]["post"]["requestBody"]
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return described["components"]["schemas"][name]["properties"][field]

    return of


def test_names_with_values_are_an_object(sent):
    found = sent("clients", "custom")
    assert (found["type"], found["maxProperties"], "anyOf" in found) == ("object", 100, False)


def test_an_address_has_its_parts_and_nothing_else(sent):
    found = sent("orders", "delivery_address")
    assert {"street", "city", "country"} <= set(found["properties"])
    assert found["additionalProperties"] is False


def test_hours_are_spans_by_day(sent):
    found = sent("stores", "opening_hours")
    assert {"mon", "sun", "exceptions"} <= set(found["properties"])
    assert found["properties"]["mon"]["items"]["maxItems"] == 2


def test_texts_in_other_languages_are_those_of_columns(sent):
    found = sent("categories", "texts")["additionalProperties"]
    assert "name" in found["properties"]
    assert found["additionalProperties"] is False


def test_an_amount_that_is_needed_is_a_decimal_still(sent):
    found = sent("certificates", "amount")
    text, number = found["anyOf"]
    assert text["pattern"].startswith("^0*[0-9]")
    assert (number["type"], number["minimum"], number["exclusiveMinimum"]) == ("number", 0, True)
    assert sent("clients", "name")["pattern"] == SAYS


def test_behind_a_relation_there_may_be_nothing(described):
    found = {
        f"{name}.{field}": schema.get("nullable")
        for name, one in described["components"]["schemas"].items()
        if name.endswith(".get")
        for field, schema in one["properties"].items()
        if "." in field
    }
    assert found["CampaignScreenApi.get.dispatch.audience"]
    assert all(found.values())


def test_what_is_settled_when_a_record_is_made_is_not_told_otherwise_by_its_key(client):
    path = f"/api/v1/certificates/by/shop/{secrets.token_hex(6)}"
    told = {"amount": "10.00", "currency": "EUR"}
    assert [client.put(path, json=told).status_code for _ in range(2)] == [201, 200]
    for field, other in (("amount", 12), ("source", "elsewhere")):
        refused = client.put(path, json={**told, field: other})
        assert (refused.status_code, list(refused.json["errors"])) == (409, [field]), refused.json
