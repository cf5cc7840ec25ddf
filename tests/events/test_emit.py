"""`emit`: one statement in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.errors import Conflict
from app.kit.events import emit, emit_many, on
from app.kit.events.models import Event, EventDelivery, EventDeliveryState
from app.kit.events.operations import deliver_again
from app.kit.events.subscribing import SUBSCRIBERS
from app.kit.registry import Duplicate
from tests.registries import as_before


@pytest.fixture(autouse=True)
def _subscribers() -> Iterator[None]:
    with as_before(SUBSCRIBERS):
        yield


@contextmanager
def counted(session) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    sqlalchemy_event.listen(session.connection(), "before_cursor_execute", count)
    yield statements
    sqlalchemy_event.remove(session.connection(), "before_cursor_execute", count)


def test_an_event_and_its_deliveries_are_one_statement(session):
    for number in range(3):
        on("test.paid", name=f"test.{number}")(lambda _session, _happened: None)
    with counted(session) as statements:
        emit(session, "test.paid", order_id=7, total=Decimal("9.90"))
    assert len(statements) == 1
    (event,) = session.scalars(select(Event)).all()
    assert (event.name, event.data, event.company_id) == (
        "test.paid",
        {"order_id": 7, "total": "9.90"},
        1,
    )
    found = session.execute(select(EventDelivery.subscriber, EventDelivery.state)).all()
    assert sorted(found) == [(f"test.{number}", EventDeliveryState.WAITING) for number in range(3)]


def test_many_events_are_one_statement_too(session):
    on("test.paid", name="test.one")(lambda _session, _happened: None)
    with counted(session) as statements:
        emit_many(session, "test.paid", [{"order_id": number} for number in range(500)])
        emit_many(session, "test.paid", [])
    assert len(statements) == 1
    assert len(session.scalars(select(EventDelivery.id)).all()) == 500


def test_a_later_subscriber_gets_no_old_events(session):
    emit(session, "test.paid")
    on("test.paid", name="test.late")(lambda _session, _happened: None)
    assert session.scalars(select(EventDelivery)).all() == []


def test_two_functions_cannot_share_a_name(session):
    on("test.paid", name="test.one")(test_emit_takes_plain_data)
    on("test.paid", name="test.one")(test_emit_takes_plain_data)
    with pytest.raises(Duplicate, match="two of the subscriber"):
        on("test.paid", name="test.one")(counted)


def test_emit_takes_plain_data(session):
    with pytest.raises(TypeError, match="plain data"):
        emit(session, "test.paid", order=object())


def test_events_of_another_company_and_of_other_stores_are_not_seen(session, as_stamp):
    on("test.paid", name="test.one")(lambda _session, _happened: None)
    with as_stamp(company_stamp(2)):
        emit(session, "test.paid")
    emit(session, "test.paid", whole=True)
    with as_stamp(company_stamp(1, store_ids=(3,))):
        emit(session, "test.paid", store=3)
        assert session.scalars(select(Event.data)).all() == [{"store": 3}]
        assert len(session.scalars(select(EventDelivery)).all()) == 1
    assert len(session.scalars(select(Event)).all()) == 2


def test_the_system_claims_deliveries_and_changes_nothing_else(session, as_stamp):
    emit(session, "test.paid")
    with as_stamp(Stamp(Role.SYSTEM)):
        for forbidden in (
            "update event set name = 'x'",
            "update event_delivery set company_id = 2",
            "insert into event (company_id, name) values (1, 'x')",
            "delete from event_delivery",
        ):
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(forbidden))


def test_only_a_dead_delivery_can_be_tried_again(session):
    on("test.paid", name="test.one")(lambda _session, _happened: None)
    emit(session, "test.paid")
    (delivery,) = session.scalars(select(EventDelivery)).all()
    with pytest.raises(Conflict, match="that failed"):
        deliver_again(session, delivery)
    session.execute(text("update event_delivery set state = 'dead', attempts = 10"))
    deliver_again(session, delivery)
    assert (delivery.state, delivery.attempts) == (EventDeliveryState.WAITING, 0)
