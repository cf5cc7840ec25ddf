"""Records by the key that another program has for them: made once, found again, changed."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.screens.bench import reader_with, signed_in
from tests.screens.test_actions import in_threads, key
from tests.screens.test_rest import BRANDS, PRODUCTS, stored

CLIENTS = "/api/v1/bench-clients"
ORDERS = "/api/v1/bench-orders"


def by(name: str, base: str = BRANDS) -> str:
    return f"{base}/by/shop/{name}"


def test_what_is_not_there_is_made_and_what_is_there_is_changed(client, everything):
    made = client.put(by("4711"), json={"name": "Daiwa"})
    assert made.status_code == 201
    assert made.headers["Location"].endswith(f"{BRANDS}/{made.json['id']}")
    row = made.json["result"]
    assert (row["source"], row["source_key"], row["version"]) == ("shop", "4711", 1)
    changed = client.put(by("4711"), json={"name": "Daiwa", "note": "Rods"})
    assert (changed.status_code, changed.json["id"]) == (200, made.json["id"])
    assert (changed.json["result"]["note"], changed.json["result"]["version"]) == ("Rods", 2)
    assert client.get(by("4711")).json == changed.json
    assert stored("select count(*) from brand") == (1,)


def test_a_key_is_looked_for_in_the_program_that_gave_it(client, everything):
    made = client.put(by("4711"), json={"name": "Daiwa"}).json
    both = client.get(BRANDS, query_string={"source": "shop", "source_key": "4711"})
    assert both.json["ids"] == [made["id"]]
    alone = client.get(BRANDS, query_string={"source_key": "4711"})
    assert (alone.status_code, list(alone.json["errors"])) == (400, ["source"])


def test_the_same_told_again_is_no_change(client, everything):
    line = {"sku": "A", "name": "Rod", "price": "10.5", "currency": "EUR"}
    body = {"name": "Rod", "tax_rate": "19", "variants": [line]}
    made = client.put(by("1", PRODUCTS), json=body).json["result"]
    again = client.put(by("1", PRODUCTS), json=body)
    assert (again.status_code, again.json["result"]) == (200, made)
    body["variants"][0]["price"] = "11"
    changed = client.put(by("1", PRODUCTS), json=body).json["result"]
    assert (changed["version"], changed["variants"][0]["price"]) == (2, "11.00")


def test_a_key_may_hold_whatever_the_other_program_writes(client, everything):
    for name in ("a/b", "Ä ö?", "%2F", "x" * 200):
        assert client.put(by(""), json={"name": "A"}).status_code == 404
        made = client.put(f"{BRANDS}/by/shop/{quoted(name)}", json={"name": f"Brand {name[:9]}"})
        assert (made.status_code, made.json["result"]["source_key"]) == (201, name)
        assert client.get(f"{BRANDS}/by/shop/{quoted(name)}").json["id"] == made.json["id"]


def quoted(name: str) -> str:
    return quote(name, safe="")


@pytest.mark.parametrize("name", ["x" * 201, "%20", "a%00b"])
def test_a_key_that_cannot_be_kept_is_refused(client, everything, name):
    assert client.put(by(name), json={"name": "A"}).status_code == 422
    assert client.get(by(name)).status_code == 422


@pytest.mark.parametrize("source", ["x" * 61, "a b", "%C3%A4"])
def test_a_source_is_a_plain_word(client, everything, source):
    assert client.put(f"{BRANDS}/by/{source}/1", json={"name": "A"}).status_code == 422


def test_what_is_refused_makes_nothing(client, everything):
    assert client.get(by("1")).status_code == 404
    assert client.put(by("1"), json={"name": ""}).status_code == 422
    assert client.put(by("1"), json={"name": "A", "source_key": "2"}).status_code == 422
    assert client.put(by("1"), json={"name": "A", "colour": "red"}).status_code == 422
    assert client.put(by("1", ORDERS), json={"note": "A"}, headers=key("k")).status_code == 404
    assert stored("select count(*) from brand") == (0,)


def test_a_stale_version_is_refused_where_one_is_sent(client, everything):
    client.put(by("1"), json={"name": "Daiwa"})
    assert client.put(by("1"), json={"name": "A", "version": 7}).status_code == 409
    late = client.put(by("1"), json={"name": "A"}, headers={"If-Match": '"7"'})
    assert late.status_code == 409
    assert client.put(by("1"), json={"name": "A", "version": 1}).status_code == 200


def test_what_is_archived_is_restored_first(client, everything):
    pk = client.put(by("1"), json={"name": "Daiwa"}).json["id"]
    client.delete(f"{BRANDS}/{pk}")
    assert client.put(by("1"), json={"name": "A"}).status_code == 409


def test_a_record_says_where_it_comes_from_when_it_is_made_and_never_after(client, everything):
    pair = {"source": "shop", "source_key": "9"}
    pk = client.post(BRANDS, json={"name": "Daiwa", **pair}).json["id"]
    assert client.get(by("9")).json["id"] == pk
    twice = client.post(BRANDS, json={"name": "Shimano", **pair})
    assert (twice.status_code, list(twice.json["errors"])) == (409, ["source_key"])
    assert client.post(BRANDS, json={"name": "Abu", "source": "shop"}).status_code == 422
    moved = client.put(f"{BRANDS}/{pk}", json={"source_key": "10", "version": 1})
    assert (moved.status_code, list(moved.json["errors"])) == (422, ["source_key"])


def test_a_client_has_another_word_for_the_program(client, everything):
    body = {"name": "Ada"}
    row = client.put(by("7", CLIENTS), json=body).json["result"]
    assert (row["source_system"], row["source_key"]) == ("shop", "7")


def test_another_company_has_the_same_keys_for_itself(client, everything):
    ours = client.put(by("1"), json={"name": "Daiwa"}).json["id"]
    with signed_in(reader_with(set(everything.rights), company_id=2)):
        assert client.get(by("1")).status_code == 404
        theirs = client.put(by("1"), json={"name": "Shimano"})
    assert (theirs.status_code, theirs.json["id"] != ours) == (201, True)
    assert client.get(by("1")).json["result"]["name"] == "Daiwa"


def test_many_at_once_make_one(app, client, everything):
    answers = in_threads(
        app, 8, lambda one: one.put(by("1"), json={"name": "Daiwa", "note": "Rods"})
    )
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert len({one.json["id"] for one in answers}) == 1
    assert stored("select count(*), max(version) from brand") == (1, 1)


def test_who_may_only_read_makes_nothing(client, everything):
    with signed_in(reader_with({("read", "BenchBrand")})):
        assert client.put(by("1"), json={"name": "A"}).status_code == 403
        assert client.get(by("1")).status_code == 404
    with signed_in(None):
        assert client.put(by("1"), json={"name": "A"}).status_code == 401
        assert client.get(by("1")).status_code == 401
    assert stored("select count(*) from brand") == (0,)
