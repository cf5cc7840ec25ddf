"""Events and jobs are written for programs; people read in them only what they may read elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit.events import emit
from app.kit.jobs import defer, job
from app.kit.rights import GUARDS
from tests.jobs.house import House
from tests.screens import bench

LOGS = {(right, view) for right in ("read", "export") for view in ("Event", "EventDelivery", "Job")}
EVERY = {("read", guard) for guard in GUARDS}
SALES = {("read", "Order"), ("read", "Client"), ("read", "Store")}
TOTAL, REASON = "417.25", "Only 193.75 GBP are left of it."


@job()
def settle(_session: object, *_what: object) -> None:
    """Do nothing: only how the job is shown is looked at."""


@pytest.fixture
def order(house: House) -> int:
    """The id of an event that names an order, a client, a store, a sum and what nobody knows."""
    with house.company() as session:
        emit(
            session,
            "order.paid",
            order_id=71,
            client_id=72,
            store_id=73,
            total=TOTAL,
            country="PT",
            aside="whispered",
        )
    return int(house.rows("select id from event")[0].id)


@pytest.fixture
def read(client: FlaskClient) -> Callable[..., str]:
    """Give everything that somebody with these rights reads at an address."""

    def fetch(address: str, rights: set[tuple[str, str]], **changes: object) -> str:
        with bench.signed_in(bench.reader_with(LOGS | rights, **changes)):
            answer = client.get(address)
            assert answer.status_code in {200, 404}, address
            return answer.text if answer.status_code == 200 else ""

    return fetch


def everywhere(read: Callable[..., str], pk: int, rights: set[tuple[str, str]], **changes) -> str:
    pages = ("/events/list/", f"/events/show/{pk}", "/events/export")
    return "".join(read(page, rights, **changes) for page in pages)


def test_who_sees_all_fields_reads_all_of_an_event(order: int, read: Callable[..., str]) -> None:
    for page in ("/events/list/", f"/events/show/{order}", "/events/export"):
        seen = read(page, SALES | EVERY)
        for word in ("order_id: 71", "client_id: 72", TOTAL, "PT", "whispered"):
            assert word in seen, (page, word)


def test_who_may_not_see_sums_reads_none_in_an_event(order: int, read: Callable[..., str]) -> None:
    seen = everywhere(read, order, SALES | {("read", "contacts")})
    assert "order_id: 71" in seen
    assert "PT" in seen
    assert TOTAL not in seen
    assert "whispered" not in seen
    assert TOTAL in everywhere(read, order, SALES | {("read", "money")})


def test_who_may_not_read_a_kind_of_record_reads_nothing_of_it(
    order: int, read: Callable[..., str]
) -> None:
    for lacking in SALES:
        seen = everywhere(read, order, (SALES | EVERY) - {lacking})
        assert "order.paid" in seen
        assert not [word for word in ("order_id", TOTAL, "PT", "whispered") if word in seen]


def test_another_store_reads_nothing_of_an_event(
    order: int, house: House, read: Callable[..., str]
) -> None:
    with house.company(1, store_ids=(73,)) as session:
        emit(session, "order.paid", order_id=81, client_id=82, store_id=73, total="55.55")
    (own,) = house.rows("select id from event where data ->> 'order_id' = '81'")
    for pk in (order, own.id):
        assert "order.paid" not in everywhere(read, pk, SALES | EVERY, store_ids=(74,))
    assert "order_id: 81" in everywhere(read, own.id, SALES | EVERY, store_ids=(73,))


def test_a_job_names_to_those_with_guards_only_its_numbers(
    house: House, read: Callable[..., str]
) -> None:
    with house.company() as session:
        made = defer(session, f"{__name__}.settle", 91, "secret@example.com")
        session.execute(
            text(
                "update job set state = 'failed', finished_at = now(), error = :why,"
                " result = cast(:result as jsonb) where id = :id"
            ),
            {"id": made, "why": REASON, "result": json.dumps({"rows": 17, "sum": "88.88"})},
        )
    words = {"secret@example.com", REASON, "88.88"}
    for page in ("/jobs/list/", f"/jobs/show/{made}", "/jobs/export"):
        whole, part = read(page, EVERY), read(page, EVERY - {("read", "contacts")})
        assert "settle" in part
        assert {word for word in words if word in part} == set()
        assert REASON in whole
    assert words <= {word for word in words if word in read(f"/jobs/show/{made}", EVERY)}
    assert "rows: 17" in read(f"/jobs/show/{made}", set())


def test_a_delivery_says_why_it_failed_to_those_who_see_all_fields(
    house: House, read: Callable[..., str]
) -> None:
    with house.company() as session:
        emit(session, "house.clicked", number=1)
        session.execute(text("update event_delivery set state = 'dead', error = :e"), {"e": REASON})
    assert REASON in read("/event-deliveries/list/", EVERY)
    assert REASON not in read("/event-deliveries/list/", EVERY - {("read", "costs")})
