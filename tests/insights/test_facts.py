"""The facts are what the documents say, whatever happens, in whatever order it is told."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from app.catalogue.operations import save_variant
from app.insights.models import ClientFact, DayFact, ProductFact
from app.insights.operations import catch_up, refresh, tell_of_merge
from app.insights.queries import in_currency
from app.kit.database.install.immutability import moving
from app.kit.database.stamp import Role, company_stamp
from app.orders import operations as orders
from tests import factories
from tests.events.delivering import deliver
from tests.insights.helpers import (
    Trade,
    disagreements,
    facts,
    kept,
    rebuild_facts,
    reckoned,
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_anything_the_facts_are_what_the_documents_say(session, seed):
    trade = Trade(session, seed)
    for _round in range(6):
        for _step in range(12):
            trade.step()
        deliver(session, shuffle=random.Random(seed), twice=True)
    found = facts(session)
    assert kept(session) == reckoned(session)
    assert all(kept(session).values())
    assert disagreements(session) == []
    rebuild_facts(session)
    assert facts(session) == found


def test_buyers_are_counted_for_whoever_sees_them(session, as_stamp):
    store = factories.make_store(session)
    for _ in range(3):
        factories.make_completed_order(session, store=store, client=factories.make_client(session))
    deliver(session)
    for role, seen in ((Role.STORE, 3), (Role.STORE_CLIENTS, 3), (Role.OWN_CLIENTS, 0)):
        with as_stamp(company_stamp(1, user_id=8, store_ids=(store.id,), bound_as=role)):
            found = session.scalars(select(ClientFact.client_id)).all()
            assert (role, len(found)) == (role, seen)


def test_rebuilding_mends_whatever_was_wrong(session):
    trade = Trade(session)
    for _step in range(40):
        trade.step()
    deliver(session)
    right = facts(session)
    session.execute(text("update day_fact set gross = gross + 1 where orders > 0"))
    session.execute(text("delete from product_fact where units > 2"))
    session.execute(text("update client_fact set first_on = first_on - 1, is_first = not is_first"))
    session.execute(
        text(
            "insert into day_fact (business_date, store_id, country, orders, gross, returns, returned,"
            " adjustments, adjusted) values ('2001-01-01', :store, 'XX', 1, 1, 0, 0, 0, 0)"
        ),
        {"store": trade.stores[0].id},
    )
    assert disagreements(session)
    rebuild_facts(session)
    assert facts(session) == right
    assert disagreements(session) == []


@pytest.mark.parametrize(
    "days",
    [
        [],
        ["2026-03-01"],
        ["2026-03-31"],
        ["2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"],
        ["2025-11-30", "2026-02-01"],
    ],
)
def test_every_day_of_every_month_is_rebuilt(session, days):
    store = factories.make_store(session, time_zone="UTC")
    for day in days:
        at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        factories.make_order(session, store=store, at=at)
    rebuild_facts(session)
    found = session.scalars(select(DayFact.business_date).order_by(DayFact.business_date))
    assert [str(day) for day in found] == days


def test_the_day_is_that_of_the_stores_own_clocks(session):
    berlin = factories.make_store(session, time_zone="Europe/Berlin")
    auckland = factories.make_store(session, time_zone="Pacific/Auckland")
    at = datetime(2026, 5, 1, 21, 30, tzinfo=UTC)
    for store in (berlin, auckland):
        factories.make_order(session, store=store, at=at)
    deliver(session)
    days = {row.store_id: row.business_date for row in session.scalars(select(DayFact))}
    assert str(days[berlin.id]) == "2026-05-01"
    assert str(days[auckland.id]) == "2026-05-02"


def test_a_cancelled_order_leaves_nothing_behind(session):
    order = factories.make_order(session, client=factories.make_client(session))
    deliver(session)
    assert all(facts(session).values())
    orders.cancel_order(session, order, by=None, at=factories.NOON)
    deliver(session)
    assert not any(facts(session).values())


def test_a_day_keeps_no_fact_of_a_country_that_no_order_of_it_goes_to(session):
    order = factories.make_order(session)
    deliver(session)
    session.execute(text("update day_fact set country = 'SE'"))
    refresh(session, [(order.store_id, order.business_date)])
    assert session.scalars(select(DayFact.country)).all() == [order.country]


def test_the_first_order_moves_on_when_the_first_one_is_cancelled_or_an_older_one_comes_late(
    session,
):
    client = factories.make_client(session)
    store = factories.make_store(session)

    def first() -> list[str]:
        deliver(session)
        session.expire_all()
        rows = session.scalars(select(ClientFact).where(ClientFact.is_first)).all()
        assert {fact.first_on for fact in session.scalars(select(ClientFact))} == {
            row.business_date for row in rows
        }
        return [str(row.business_date) for row in rows]

    def at(day: int) -> datetime:
        return factories.NOON.replace(day=day)

    first_one = factories.make_order(session, client=client, store=store, at=at(10))
    factories.make_order(session, client=client, store=store, at=at(12))
    assert first() == ["2026-11-10"]
    factories.make_order(session, client=client, at=at(7))
    assert first() == ["2026-11-07"]
    orders.cancel_order(session, first_one, by=None, at=at(13))
    assert first() == ["2026-11-07"]


def test_two_orders_on_the_first_day_in_two_stores_make_one_new_client(session):
    client = factories.make_client(session)
    later = factories.make_order(session, client=client, at=factories.NOON.replace(hour=15))
    earlier = factories.make_order(session, client=client, at=factories.NOON.replace(hour=9))
    deliver(session)
    rows = session.execute(select(ClientFact.store_id, ClientFact.is_first)).all()
    assert dict(rows) == {
        later.store_id: False,
        earlier.store_id: True,
    }


def test_merged_clients_become_one_in_the_facts(session):
    one, other = factories.make_client(session), factories.make_client(session)
    for client in (one, other):
        factories.make_order(session, client=client)
    deliver(session)
    with moving(session, "client_id", one.id, other.id):
        session.execute(
            text("update orders set client_id = :into where client_id = :one"),
            {"into": other.id, "one": one.id},
        )
    tell_of_merge(session, one.id, other.id)
    deliver(session)
    assert set(session.scalars(select(ClientFact.client_id))) == {other.id}
    assert disagreements(session) == []


def test_what_no_worker_has_done_yet_is_computed_when_asked_for(session):
    factories.make_order(session)
    assert not any(facts(session).values())
    assert catch_up(session) == 1
    assert facts(session)["day_fact"]


def test_a_difference_is_no_fault_while_deliveries_are_owed(session):
    factories.make_order(session)
    assert disagreements(session) == []
    session.execute(text("update event_delivery set state = 'done', done_at = now()"))
    assert disagreements(session)


def test_amounts_in_another_currency_are_counted_in_the_companys(session):
    store = factories.make_store(session, currency="GBP")
    variant = factories.make_variant(session, price=Decimal("9.99"), currency="GBP")
    order = factories.make_order(
        session, orders.Item(3, variant.id), store=store, rate=Decimal("1.1499")
    )
    deliver(session)
    assert session.scalar(select(DayFact.gross)) == order.total_company
    assert order.total_company != order.total


def test_somebody_bound_to_a_store_sees_its_facts_and_changes_none(session, as_stamp, company):
    mine, other = factories.make_store(session), factories.make_store(session)
    for store in (mine, other):
        factories.make_order(session, store=store, client=factories.make_client(session))
    deliver(session)
    with as_stamp(company_stamp(company, store_ids=(mine.id,))):
        for table in ("day_fact", "product_fact", "client_fact"):
            stores = set(session.scalars(text(f"select store_id from {table}")))
            assert stores == {mine.id}, table
            rights = text(
                f"select has_table_privilege(current_user, '{table}', 'insert, update, delete')"
            )
            assert session.scalar(rights) is False


def test_another_companys_facts_are_not_there(session, as_stamp, other_company):
    factories.make_order(session, client=factories.make_client(session))
    deliver(session)
    with as_stamp(company_stamp(other_company)):
        assert not any(facts(session).values())


def test_a_variant_that_went_to_another_product_is_counted_there(session):
    variant, other = factories.make_variant(session), factories.make_variant(session)
    for one in (variant, other):
        factories.make_order(session, orders.Item(2, one.id))
    deliver(session)
    variant.product_id = other.product_id
    save_variant(session, variant, by=None, at=factories.NOON)
    assert disagreements(session) == []
    deliver(session, twice=True)
    assert set(session.scalars(select(ProductFact.product_id))) == {other.product_id}
    assert disagreements(session) == []
    save_variant(session, variant, by=None, at=factories.NOON)
    waiting = text("select count(*) from event_delivery where state = 'waiting'")
    assert session.scalar(waiting) == 0


def test_sums_are_written_with_the_decimals_of_their_currency():
    row = {"month": "2026-05", "orders": 3, "gross": Decimal("12.3500")}
    assert str(in_currency([row], "EUR")[0]["gross"]) == "12.35"
    assert str(in_currency([row], "KWD")[0]["gross"]) == "12.350"
    # Nothing is lost: what a currency has no coin for keeps its decimals.
    assert str(in_currency([row], "JPY")[0]["gross"]) == "12.3500"
    assert in_currency([row], "EUR")[0]["orders"] == 3


@pytest.mark.parametrize(
    ("owed", "explained"),
    [
        ({"store_id": "own", "business_date": "2026-11-02"}, True),
        ({"store_id": "own", "days": ["2026-11-01", "2026-11-02"]}, True),
        ({"store_id": "own", "business_date": "2026-11-03"}, False),
        ({"store_id": "own", "days": ["2026-11-01"]}, False),
        ({"store_id": "other", "business_date": "2026-11-02"}, False),
        ({"store_id": "other", "days": ["2026-11-02"]}, False),
        (None, False),
    ],
)
@pytest.mark.parametrize(
    ("subscriber", "state"),
    [("insights.facts", "waiting"), ("insights.facts", "done"), ("tests.other", "waiting")],
)
def test_a_difference_is_explained_by_what_is_owed_of_its_store_and_day_only(
    session, owed, explained, subscriber, state
):
    store, other = factories.make_store(session), factories.make_store(session)
    factories.make_order(session, store=store)
    deliver(session)
    session.execute(text("update day_fact set gross = gross + 1"))
    if owed is not None:
        owed = owed | {"store_id": {"own": store.id, "other": other.id}[owed["store_id"]]}
        event = factories.make_event(session, name="tests.owed", data=owed)
        factories.make_event_delivery(session, event=event, subscriber=subscriber, state=state)
    explained = explained and (subscriber, state) == ("insights.facts", "waiting")
    assert bool(disagreements(session)) != explained
