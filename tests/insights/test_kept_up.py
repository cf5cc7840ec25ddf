"""Facts kept up by the events themselves, in real transactions, by several at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from app.insights.operations import refresh
from app.insights.queries import sales_report
from app.kit.database import session as sessions
from app.kit.database.session import bind, make_engine, work
from app.kit.database.stamp import company_stamp
from app.kit.events import delivering, emit
from app.kit.jobs.runner import Runner
from app.orders import operations as orders
from tests import factories
from tests.insights.helpers import Trade, disagreements, facts, rebuild_facts

OURS = company_stamp(1)


@pytest.fixture
def engine_of_its_own(own_database: str) -> Iterator[Engine]:
    before, made = sessions._engine, make_engine(own_database, pool_size=10)
    bind(made)
    yield made
    made.dispose()
    sessions._engine = before


def work_off() -> None:
    runner = Runner("events")
    while delivering.deliver(runner):
        pass


def test_the_workers_deliveries_bring_the_facts_up_to_date(engine_of_its_own):
    with work(OURS) as session:
        trade = Trade(session, 9)
        for _step in range(60):
            trade.step()
    work_off()
    with work(OURS) as session:
        states = session.execute(
            text("select state, count(*) from event_delivery group by 1")
        ).all()
        assert [state for state, _count in states] == ["done"]
        assert disagreements(session) == []
        kept = facts(session)
        assert kept["day_fact"]
        rebuild_facts(session)
        assert facts(session) == kept


def test_an_import_tells_only_its_days(engine_of_its_own):
    with work(OURS) as session:
        order = factories.make_order(session, client=factories.make_client(session))
        session.execute(text("update event_delivery set state = 'done', done_at = now()"))
        emit(
            session,
            "sales.imported",
            store_id=order.store_id,
            days=[order.business_date.isoformat(), "2026-01-01"],
        )
        day = order.business_date
    work_off()
    with work(OURS) as session:
        assert [str(row[1]) for row in facts(session)["day_fact"]] == [str(day)]


def test_refreshed_by_many_at_once_everything_is_counted_once(engine_of_its_own):
    with work(OURS) as session:
        store, client = factories.make_store(session), factories.make_client(session)
        variant = factories.make_variant(session)
        factories.receive(session, variant, 500, store_id=store.id)
        ids = store.id, client.id, variant.id
    days = [factories.NOON.replace(day=day) for day in (5, 6, 7)]
    failures: list[BaseException] = []

    def sell(number: int) -> None:
        try:
            for turn in range(5):
                at = days[(number + turn) % 3] + timedelta(minutes=number)
                with work(OURS) as session:
                    order = orders.draft_order(
                        session,
                        [orders.Item(1, ids[2])],
                        where=orders.selling_store(session, ids[0], to_sell=True),
                        client_id=ids[1],
                        by=None,
                        at=at,
                    )
                    orders.place_order(session, order, by=None, at=at)
                    session.flush()
                    # Before the commit, as a worker of another event would: its own order is not
                    # seen by others.
                    refresh(session, [(ids[0], day.date()) for day in days])
                with work(OURS) as session:
                    refresh(session, [(ids[0], at.date())])
        except BaseException as error:  # noqa: BLE001 -- asserted to be none below
            failures.append(error)

    threads = [threading.Thread(target=sell, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with work(OURS) as session:
        session.execute(text("update event_delivery set state = 'done', done_at = now()"))
        assert disagreements(session) == []
        assert sum(row[4] for row in facts(session)["day_fact"]) == 20
        firsts = session.scalar(text("select count(*) from client_fact where is_first"))
        assert firsts == 1


def test_the_report_is_the_documents_to_the_cent(session):
    from tests.events.delivering import deliver

    trade = Trade(session, 4)
    for _step in range(80):
        trade.step()
    deliver(session)
    net = session.scalar(
        text(
            "select ((select coalesce(sum(total_company), 0) from orders"
            " where status not in ('draft', 'cancelled'))"
            " - (select coalesce(sum(total_company), 0) from goods_return where status = 'received')"
            " + (select coalesce(sum(amount_company), 0) from adjustment))::bigint"
        )
    )
    for by in ("month", "country", "store"):
        rows = sales_report(session, by=by)
        assert list(rows[0]) == [by, "orders", "gross", "returns", "adjustments", "net"]
        assert all(isinstance(row["net"], Decimal) for row in rows)
        assert sum(row["net"] for row in rows) == Decimal(net) / 10000
        for row in rows:
            assert row["net"] == row["gross"] - row["returns"] + row["adjustments"]
    months = [row["month"] for row in sales_report(session)]
    assert months == sorted(months)
    assert {"2026-04", "2026-05"} <= set(months)
