"""Orders that come from another system, with the number and the time that they have there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from app.kit.numbering import NumberPeriod, Series
from app.kit.security.permissions import all_rights
from app.orders import queries
from app.orders.models import Order
from tests import factories
from tests.orders.test_screens import app, client  # noqa: F401 -- the application of these tests
from tests.screens import bench

ORDERS = "/api/v1/orders"


@pytest.fixture
def body():
    with bench.at_work() as session:
        store = factories.make_store(session, time_zone="Asia/Tokyo")
        rod = factories.make_variant(session, stock=50, store_id=store.id)
        buyer = factories.make_client(session)
        return {
            "store": store.id,
            "client": buyer.id,
            "lines": [{"variant": rod.id, "quantity": 2}],
        }


def post(client, body, **more):
    headers = {"Idempotency-Key": f"m{factories.number()}"}
    return client.post(ORDERS, json={**body, **more}, headers=headers)


def figures(client_id):
    with bench.at_work() as session:
        return session.execute(
            text(
                "select orders_count, first_order_at, last_order_at from client_figures"
                " where client_id = :id"
            ),
            {"id": client_id},
        ).one()


def test_an_order_keeps_its_number_and_its_day_on_the_stores_clocks(client, body):
    made = post(client, body, number="WEB-77", placed_at="2024-02-28T20:00:00Z")
    assert made.status_code == 201, made.json
    row = made.json["result"]
    assert (row["number"], row["placed_at"]) == ("WEB-77", "2024-02-28T20:00:00Z")
    assert row["business_date"] == "2024-02-29"
    count, first, last = figures(body["client"])
    assert (count, first, last) == (1, *[datetime(2024, 2, 28, 20, tzinfo=UTC)] * 2)
    with bench.at_work() as session:
        held = session.execute(
            text("select reserved from stock_balance where store_id = :id"), {"id": body["store"]}
        )
        assert held.scalar_one() == 2
        for query in (queries.figures_that_disagree, queries.reservations_that_disagree):
            assert session.execute(query()).all() == []
        event = session.scalar(
            text("select data from event where name = 'order.placed' order by id desc limit 1")
        )
        assert event["business_date"] == "2024-02-29"


def test_an_older_order_is_not_the_clients_last(client, body):
    post(client, body)
    post(client, body, placed_at="2024-02-28T20:00:00Z")
    count, first, last = figures(body["client"])
    assert (count, first.year, last.year > 2024) == (2, 2024, True)


def test_numbers_given_here_have_no_gap_and_meet_no_number_from_elsewhere(client, body):
    numbers = []
    for more in ({}, {"number": "WEB-1"}, {}, {"number": "WEB-2"}, {}):
        row = post(client, body, **more).json["result"]
        numbers += [] if more else [int(row["number"].rpartition("-")[2])]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    taken = post(client, body, number="WEB-1")
    assert (taken.status_code, list(taken.json["errors"])) == (409, ["number"])
    old = [
        post(client, body, placed_at="2023-05-01T10:00:00Z").json["result"]["number"]
        for _ in range(2)
    ]
    assert [one.partition("-")[0] for one in old] == ["2023", "2023"]
    assert int(old[1][5:]) == int(old[0][5:]) + 1


@pytest.mark.parametrize("number", ["2026-000001", "2026-000999", "1999-123456", "2026-1234567"])
def test_a_number_that_the_series_comes_to_is_refused(client, body, number):
    refused = post(client, body, number=number)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["number"])


@pytest.mark.parametrize("number", ["", "   ", "x" * 61])
def test_a_number_has_something_to_say(client, body, number):
    assert post(client, body, number=number).status_code == 422


def test_nothing_is_placed_in_the_future(client, body):
    refused = post(client, body, placed_at="2999-01-01T00:00:00Z")
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["placed_at"])


def test_moving_in_needs_its_own_right(app, client, body):
    with app.app_context():
        rights = set(all_rights()) - {("move_in", "Order")}
    with bench.signed_in(bench.reader_with(rights)):
        for more in ({"number": "WEB-9"}, {"placed_at": "2024-02-28T20:00:00Z"}):
            assert post(client, body, **more).status_code == 403
        assert post(client, body).status_code == 201


def test_a_draft_or_placed_order_never_changes_them(client, body):
    row = post(client, body).json["result"]
    for more in ({"number": "WEB-3"}, {"placed_at": "2024-02-28T20:00:00Z"}):
        changed = client.put(f"{ORDERS}/{row['id']}", json={**more, "version": row["version"]})
        assert changed.status_code == 422


def test_an_order_told_twice_by_its_key_is_there_once(client, body):
    where = f"{ORDERS}/by/web/{factories.number()}"
    assert client.put(where, json=body).status_code == 422  # no key
    sent = {**body, "number": f"WEB-{factories.number()}", "placed_at": "2024-02-28T20:00:00Z"}
    answers = [
        client.put(where, json=sent, headers={"Idempotency-Key": f"t{factories.number()}"})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 200], answers[1].json
    assert answers[0].json["result"] == answers[1].json["result"]
    with bench.at_work() as session:
        found = session.scalars(select(Order.id).where(Order.number == sent["number"])).all()
        assert found == [answers[0].json["id"]]
    more = {**sent, "note": "Another"}
    changed = client.put(where, json=more, headers={"Idempotency-Key": "t"})
    assert (changed.status_code, "not edited" in changed.json["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("series", "number", "comes"),
    [
        (Series("a", "{n}"), "12", True),
        (Series("a", "{n}"), "12a", False),
        (Series("a", "R-{year}-{n:05}", NumberPeriod.YEAR), "R-2026-00001", True),
        (Series("a", "R-{year}-{n:05}", NumberPeriod.YEAR), "R-26-00001", False),
        (Series("a", "R.{year}{month}{n}", NumberPeriod.MONTH), "R.2026121", True),
        (Series("a", "R.{year}{month}{n}", NumberPeriod.MONTH), "Rx2026121", False),
    ],
)
def test_a_series_knows_the_shape_of_its_numbers(series, number, comes):
    assert series.could_give(number) is comes
