"""JSON of a known form is described as it is checked."""

import pytest

from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests


@pytest.fixture
def sent(client):
    described = client.get("/api/v1/_openapi").json

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
