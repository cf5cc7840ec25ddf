"""What a program may send at most, and what it cannot make of the places it was given."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from app.catalogue.models import Brand, Product
from app.kit.errors import Invalid
from app.kit.rest.schema_validation import allows
from app.kit.rest.values import _array, _is_far, _time
from app.kit.screens.attrs import resolve
from app.messages.models import MessageTemplateVersion
from tests.screens.bench import at_work, until_all_is_over
from tests.screens.change_tracking import EARLY, packed, unpacked
from tests.screens.test_rest import BRANDS, PRODUCTS, VARIANTS, add

JSON = "application/json"


def many_unknown(number: int) -> dict[str, int]:
    return {f"x{one}": one for one in range(number)}


@pytest.mark.parametrize("number", ["1e9999999999999999999999", "-1e-9999999999999999999", "1e400"])
@pytest.mark.parametrize("body", ['{"price": %s}', '{"name": {"deep": [%s]}}', '{"x": %s}'])
def test_a_number_that_nothing_can_hold_is_no_number(client, everything, number, body):
    (pk,) = add("Daiwa")
    for method, url in (("post", VARIANTS), ("put", f"{BRANDS}/{pk}"), ("patch", f"{BRANDS}/{pk}")):
        sent = getattr(client, method)(url, data=body % number, content_type=JSON)
        assert sent.status_code == 400, sent.text
    filters = json.dumps({"filters": [{"col": "price", "opr": "gt", "value": 5}]})
    answer = client.get(f"{VARIANTS}/", query_string={"q": filters.replace("5", number)})
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("number", "status"),
    [("1e300", 422), ("1.7976931348623157e308", 422), ("5e-324", 422), ("1.8e308", 400)],
)
def test_whatever_a_float_holds_is_a_number(client, everything, number, status):
    answer = client.post(BRANDS, data=f'{{"name": {number}}}', content_type=JSON)
    assert answer.status_code == status
    filters = f'{{"filters": [{{"col": "name", "value": {number}}}]}}'
    answer = client.post(f"{BRANDS}/bulk/archive", data=filters, content_type=JSON)
    assert answer.status_code == (400 if status == 400 else 202)


def test_a_filter_with_a_word_that_is_none_is_refused(client, everything):
    """Misspelt, `op` would be forgotten and another filter be meant."""
    asked = {"filters": [{"col": "name", "op": "not", "value": "Daiwa"}]}
    assert client.get(f"{BRANDS}/", query_string={"q": json.dumps(asked)}).status_code == 400
    assert client.post(f"{BRANDS}/bulk/archive", json=asked).status_code == 400


WHEN = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "values",
    [
        (1, None, "x"),
        (1, 5, "x"),
        (1, [], "x"),
        (None, WHEN, "x"),
        (True, WHEN, "x"),
        (1.5, WHEN, "x"),
        ("1", WHEN, "x"),
        (-1, WHEN, "x"),
        (2**63, WHEN, "x"),
        (1, "2026-01-01", "x"),
        (WHEN, 1, 2, WHEN),
        (1, "\ud800", "x"),
        (1, WHEN, 5),
        (1, WHEN, None),
        (1, WHEN),
        (),
    ],
)
def test_a_forged_end_of_a_round_is_refused(client, everything, values):
    answer = client.get(f"{BRANDS}/", query_string={"changed_since": packed(*values)})
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["changed_since"])


PLACES = [
    (1, 5, True, 6),
    (1, "\ud800", 304, 6),
    (1, ["a"], 304, 6),
    (1, {}, 304, 6),
    (1, True, 304, 6),
    (True, "a", 304, 6),
    (1, "a", 304, True),
    (1, "a", 3.0, 6),
    (1, "a\0", 304, 6),
    (1, WHEN, True, 6),
    (1, WHEN, 304, 6.5),
]


@pytest.mark.parametrize("values", PLACES)
def test_a_forged_place_is_refused(client, everything, values):
    asked = {"next": packed(*values), "q": "(order_column:name)"}
    answer = client.get(f"{BRANDS}/", query_string=asked)
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["next"])


@pytest.mark.parametrize("values", [*PLACES, (1, "1e-999999999", 304, 6)])
def test_a_forged_place_of_a_page_is_its_beginning(client, everything, values):
    for order in ("name", "price", "created_at", "-created_at"):
        page = client.get(
            "/bench-variants/list/", query_string={"after": packed(*values), "o": order}
        )
        assert page.status_code < 500
        asked = {"next": packed(*values), "q": f"(order_column:{order})"}
        assert client.get(f"{VARIANTS}/", query_string=asked).status_code in (200, 400)


@pytest.mark.parametrize(
    "rest",
    [
        (1, None, 1, WHEN, "x", 0, 0),
        (WHEN, "1", 1, WHEN, "x", 0, 0),
        (WHEN, None, None, WHEN, "x", 0, 0),
        (WHEN, None, True, WHEN, "x", 0, 0),
        (WHEN, None, 1, 5, "x", 0, 0),
        (WHEN, None, 1, WHEN, 5, 0, 0),
        (WHEN, None, 1, WHEN, "x", "0", 0),
        (WHEN, None, 1, WHEN, "x", 0, -1),
        (WHEN, None, 1, WHEN),
    ],
)
def test_a_forged_place_in_a_round_is_refused(client, everything, rest):
    asked = {"changed_since": EARLY, "next": f"{packed(1, WHEN, 1, 1)}~{packed(*rest)}"}
    assert client.get(f"{BRANDS}/", query_string=asked).status_code == 400


def test_a_part_of_a_round_that_there_is_not_is_refused(client, everything):
    add("A", "B", "C")
    until_all_is_over()
    page = client.get(f"{BRANDS}/", query_string={"changed_since": EARLY, "page_size": 2}).json
    place, _joint, rest = page["next"].partition("~")
    *others, _part = unpacked(rest)
    for part in (2, 10**18):
        asked = {"changed_since": EARLY, "next": f"{place}~{packed(*others, part)}"}
        answer = client.get(f"{BRANDS}/", query_string=asked)
        assert (answer.status_code, list(answer.json["errors"])) == (400, ["next"])


def test_a_body_is_refused_before_it_is_taken_apart(app, client, everything, monkeypatch):
    monkeypatch.setattr("app.kit.rest.payload._number", None)
    body = b"[" + b"1.1," * (app.config["MAX_JSON_LENGTH"] // 4) + b"1]"
    answer = client.post(BRANDS, data=body, content_type=JSON)
    assert (answer.status_code, answer.json["type"]) == (413, "urn:tresen:problem:too-large")


def test_of_many_faults_the_first_are_named(client, everything):
    key = {"Idempotency-Key": "many"}
    answer = client.post(BRANDS, json={"name": "x", **many_unknown(50_000)}, headers=key)
    assert answer.status_code == 422
    assert len(answer.json["errors"]) == 50
    assert answer.json["detail"] == "Some fields are not valid. The first 50 are named."
    assert len(answer.data) < 10_000
    again = client.post(BRANDS, json={"name": "x", **many_unknown(50_000)}, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["errors"] == answer.json["errors"]


def test_of_many_faulty_lines_the_first_are_named(client, everything):
    lines = [many_unknown(100) for _ in range(300)]
    answer = client.post(PRODUCTS, json={"name": "Rod", "variants": lines})
    assert (answer.status_code, len(answer.json["errors"])) == (422, 50)
    asked = client.post(f"{BRANDS}/{add('A')[0]}/restore", json=many_unknown(1000))
    assert (asked.status_code, len(asked.json["errors"])) == (422, 50)


@pytest.mark.parametrize(
    ("tag", "version", "status"),
    [
        ('"1"', 2, 409),
        ('"2"', 1, 409),
        ('W/"2"', None, 409),
        ('W/"2"', 2, 409),
        ("W/2", None, 409),
        ("*", 1, 409),
        ('"2"', 2, 200),
        ("*", 2, 200),
        ("*", None, 200),
        ("2", None, 200),
        ("", None, 422),
        ('"1" "2"', None, 422),
    ],
)
def test_where_tag_and_version_are_sent_both_must_fit(client, everything, tag, version, status):
    (pk,) = add("Daiwa")
    with at_work() as session:
        session.get(Brand, pk).name = "Shimano"
    body = {"name": "C"} if version is None else {"name": "C", "version": version}
    answer = client.patch(f"{BRANDS}/{pk}", json=body, headers={"If-Match": tag})
    assert answer.status_code == status, answer.text
    if version is None and tag == 'W/"2"':
        assert client.delete(f"{BRANDS}/{pk}", headers={"If-Match": tag}).status_code == 409


def test_what_is_written_knows_no_parameters(client, everything):
    (pk,) = add("Daiwa")
    calls = [
        client.post(f"{BRANDS}/?x=1", json={"name": "A"}),
        client.put(f"{BRANDS}/{pk}?version=1", json={"name": "A", "version": 1}),
        client.patch(f"{BRANDS}/{pk}?x=1", json={"name": "A", "version": 1}),
        client.delete(f"{BRANDS}/{pk}?x=1"),
        client.post(f"{BRANDS}/{pk}/restore?x=1"),
        client.post(f"{BRANDS}/?x=1", json={"name": "A"}, headers={"Idempotency-Key": "q"}),
    ]
    assert [one.status_code for one in calls] == [400] * len(calls)


def test_nothing_said_of_changes_is_not_everything(client, everything):
    answer = client.get(f"{BRANDS}/?changed_since=")
    assert (answer.status_code, list(answer.json["errors"])) == (400, ["changed_since"])


def test_only_the_last_page_of_a_round_says_where_the_next_begins(client, everything):
    add("A", "B", "C")
    until_all_is_over()
    asked = {"changed_since": EARLY, "page_size": 2}
    first = client.get(f"{BRANDS}/", query_string=asked).json
    assert "changed_until" not in first
    last = client.get(f"{BRANDS}/", query_string={**asked, "next": first["next"]}).json
    assert last["next"] is None
    assert last["changed_until"]


@pytest.mark.parametrize("odd", ["A\n1", "A\t1", "A\u202e1", "A\u200b1", "A\x071"])
def test_what_a_thing_is_known_by_is_one_line_of_what_can_be_seen(client, everything, odd):
    pair = {"source": "shop", "source_key": odd}
    answer = client.post(BRANDS, json={"name": "Daiwa", **pair})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["source_key"])
    with at_work() as session:
        session.add(Product(name="Rod"))
    product = client.get(f"{PRODUCTS}/").json["ids"][0]
    body = {"product": product, "sku": odd, "name": "N", "currency": "EUR", "price": "1.00"}
    answer = client.post(VARIANTS, json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["sku"])


@pytest.mark.parametrize(
    ("number", "far"),
    [
        ("9e30", False),
        ("1e31", True),
        ("-1e31", True),
        ("1e-30", False),
        ("1e-31", True),
        ("12.5", False),
        ("NaN", True),
        ("Infinity", True),
    ],
)
def test_a_number_is_far_on_either_side(number, far):
    assert _is_far(Decimal(number)) == far


@pytest.mark.parametrize(
    "raw", [1430, None, [], "14", "14:60", "25:00", "noon", "14:30Z", " 14:30"]
)
def test_a_time_of_day_is_a_text_of_hours_and_minutes(raw):
    assert _time(None)("14:30") == time(14, 30)
    with pytest.raises(Invalid):
        _time(None)(raw)


@pytest.mark.parametrize("raw", [[], ["name"], ["name", "order"], ["x"] * 1000])
def test_a_list_of_texts_holds_texts(app, raw):
    assert _array(resolve(MessageTemplateVersion, "variables"))(raw) == raw


@pytest.mark.parametrize(
    "raw", ["name", {"0": "x"}, None, ["x"] * 1001, [1], ["x", None], ["x", 1]]
)
def test_a_list_of_texts_is_no_other_list(app, raw):
    with pytest.raises(Invalid, match="Send a list"):
        _array(resolve(MessageTemplateVersion, "variables"))(raw)


def test_a_program_names_no_archived_record_anew_where_it_has_to_live(
    client, everything, monkeypatch
):
    (gone,) = add("Gone")
    (there,) = add("There")
    before = client.post(PRODUCTS, json={"name": "Rod", "brand": gone})
    assert before.status_code == 201
    with at_work() as session:
        session.get_one(Brand, gone).archived_at = datetime.now(UTC)
    named = {"name": "Reel", "brand": gone}
    # Where nothing says so, an archived one may be named.
    assert client.post(PRODUCTS, json=named).status_code == 201
    monkeypatch.setitem(Product.__table__.c.brand_id.info, "living", "yes")
    refused = client.post(PRODUCTS, json=named)
    assert (refused.status_code, refused.json["errors"]) == (
        422,
        {"brand": ["This is archived. Restore it first."]},
    )
    assert client.post(PRODUCTS, json=named | {"brand": there}).status_code == 201
    # What names it already goes on doing so.
    kept = {"name": "Old rod", "brand": gone, "version": 1}
    assert client.put(f"{PRODUCTS}/{before.json['id']}", json=kept).status_code == 200


@pytest.mark.parametrize(
    ("schema", "fitting", "not_fitting"),
    [
        ({"type": "number", "minimum": 2}, [2, 2.5, Decimal("2.0"), 3], [1.9, Decimal(-3), True]),
        ({"type": "number", "minimum": 2, "exclusiveMinimum": True}, [2.1, 3], [2, 1.9]),
        ({"type": "number", "maximum": 2}, [2, 1.5, Decimal("2.0"), -3], [2.1, Decimal(3), "1"]),
        ({"type": "number", "maximum": 2, "exclusiveMaximum": True}, [1.9, -3], [2, 2.1]),
        ({"type": "integer", "minimum": 0, "maximum": 2}, [0, 1, 2], [-1, 3, 1.0, Decimal(1)]),
        ({"type": "integer"}, [10**30, -(10**30)], [True, False, "1", None]),
    ],
)
def test_a_number_fits_between_the_bounds_of_its_description(schema, fitting, not_fitting):
    assert [one for one in fitting if not allows(schema, one)] == []
    assert [one for one in not_fitting if allows(schema, one)] == []
