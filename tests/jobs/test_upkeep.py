"""Schedules, partitions and retention."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit import clock, retention
from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp
from app.kit.jobs import job
from app.kit.jobs.runner import SOURCES, WorkSource
from app.kit.jobs.schedules import SCHEDULES, Schedule, schedule, start_due
from app.kit.jobs.tick import Tick
from app.kit.jobs.upkeep import make_partitions
from tests.jobs.house import SYSTEM, House
from tests.registries import as_before

NOON = datetime(2026, 11, 21, 12, 0, 7, tzinfo=UTC)


@job()
def nothing(session):
    pass


NOTHING = f"{__name__}.nothing"


def test_a_schedule_is_due_on_round_times_or_daily():
    assert Schedule("a", NOTHING, every=timedelta(minutes=5)).latest_due(NOON) == NOON.replace(
        second=0
    )
    assert Schedule("a", NOTHING, at=time(2, 30)).latest_due(NOON) == datetime(
        2026, 11, 21, 2, 30, tzinfo=UTC
    )
    assert Schedule("a", NOTHING, at=time(23)).latest_due(NOON) == datetime(
        2026, 11, 20, 23, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="either"):
        schedule("a", NOTHING)


def test_every_schedule_names_a_job_that_exists():
    from app.kit.jobs.declared import declared

    assert {"kit.partitions", "kit.retention"} <= set(SCHEDULES.names())
    for one in SCHEDULES:
        assert declared(one.job).name == one.job


def test_a_schedule_starts_once_for_a_time_and_not_beside_its_last_job(session, as_stamp):
    one = Schedule("a", NOTHING, every=timedelta(hours=1))
    with as_stamp(SYSTEM):
        assert start_due(session, one, NOON) == 1
        assert start_due(session, one, NOON + timedelta(hours=1)) == 0
        session.execute(text("update job set state = 'done'"))
        assert start_due(session, one, NOON) == 0
        assert start_due(session, one, NOON + timedelta(hours=2)) == 1


@pytest.mark.parametrize("role", [Role.APP, Role.STORE, Role.PLATFORM])
def test_only_the_system_starts_schedules_makes_partitions_and_forgets(session, as_stamp, role):
    with as_stamp(Stamp(role, 1)):
        for call in (
            "crm_start_schedule('a', now(), 'default', 'b', 1, true)",
            "crm_make_partitions(1)",
            "crm_forget_job(1)",
            "crm_defer_system('a', 'b', '[]', 1, null, null)",
        ):
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(f"select {call}"))


def test_a_step_of_the_tick_that_fails_keeps_no_other_from_its_turn(house: House):
    seen = []

    def broken(_session):
        raise ZeroDivisionError

    SCHEDULES.register(
        Schedule("a", "no.such.job", every=timedelta(days=1)),
        Schedule("b", NOTHING, every=timedelta(days=1)),
    )
    with as_before(SOURCES):
        SOURCES.register(
            WorkSource("a broken", broken, broken, recover=broken),
            WorkSource("b whole", seen.append, lambda _s: [], recover=lambda _s: seen.append("b")),
        )
        Tick().once()
    assert seen == ["b"]
    assert [row.name for row in house.rows("select name from schedule_run")] == ["b"]


def test_a_missed_start_is_made_up_for_once(house: House):
    SCHEDULES.register(Schedule("a", NOTHING, every=timedelta(hours=1)))
    with clock.frozen(NOON) as at:
        tick = Tick()
        tick.once()
        at.advance(timedelta(hours=7))
        Tick().once()
        tick.once()
    assert len(house.rows("select 1 from schedule_run")) == 2


def test_partitions_are_made_ahead_and_take_the_rows(session, as_stamp):
    with as_stamp(SYSTEM):
        session.execute(text("select crm_make_partitions(14)"))
        assert make_partitions(session) == []
        ahead = session.scalar(
            text("select to_char(now() + interval '14 months', '\"audit_entry_\"YYYY_MM')")
        )
        found = session.execute(
            text("select relrowsecurity from pg_class where relname = :name"), {"name": ahead}
        ).scalar_one()
    assert found is True


def test_old_rows_go_young_and_unfinished_ones_stay(house: House):
    with house.company() as session:
        for state, age in (("done", 31), ("done", 29), ("failed", 31), ("failed", 91)):
            _job(session, state, age)
        _job(session, "queued", None)
        for age, state in ((40, "done"), (40, "dead"), (20, "done")):
            session.execute(
                text(
                    "insert into event (name, at) values (:state, now() - make_interval(days => :age))"
                ),
                {"state": f"{state} {age}", "age": age},
            )
            session.execute(
                text(
                    "insert into event_delivery (event_id, subscriber, state)"
                    " select max(id), 'a', :state from event"
                ),
                {"state": state},
            )
    with work(SYSTEM) as session:
        gone = retention.forget_old(session)
    assert (gone["job"], gone["job_failed"], gone["event"]) == (1, 1, 1)
    assert sorted(house.states()) == ["done", "failed", "queued"]
    assert [row.name for row in house.rows("select name from event order by id")] == [
        "dead 40",
        "done 20",
    ]
    assert len(house.rows("select 1 from event_delivery")) == 2


def test_answers_whose_time_is_over_and_signs_of_the_dead_go(house: House):
    with house.company() as session:
        for key, hours in (("over", -1), ("valid", 1)):
            session.execute(
                text(
                    "insert into idempotency (key_id, key, body_hash, status, answer, expires_at)"
                    " values ('', :key, sha256(''), 201, '{}', now() + make_interval(hours => :hours))"
                ),
                {"key": key, "hours": hours},
            )
    with work(SYSTEM) as session:
        session.execute(
            text(
                "insert into beat (name, kind, at)"
                " values ('dead', 'tick', now() - interval '2 days'), ('alive', 'tick', now())"
            )
        )
        gone = retention.forget_old(session)
    assert (gone["idempotency"], gone["beat"]) == (1, 1)
    with house.company() as session:
        assert session.scalars(text("select key from idempotency")).all() == ["valid"]
        session.execute(text("delete from idempotency"))
    assert house.rows("select name from beat") == [("alive",)]


def _job(session, state: str, age: int | None) -> None:
    session.execute(
        text(
            "insert into job (queue, name, state, finished_at)"
            " values ('default', 'n', :state, now() - make_interval(days => :age))"
        ),
        {"state": state, "age": age},
    )


def test_old_monthly_partitions_are_dropped_and_young_ones_kept(house: House):
    with house.owner() as connection:
        for month, after in (("2019-01-01", "2019-02-01"), ("2019-02-01", "2019-03-01")):
            connection.execute(
                text(
                    f"create table audit_entry_{month[:7].replace('-', '_')}"
                    f" partition of audit_entry for values from ('{month}') to ('{after}')"
                )
            )
    parts = (
        "select relname from pg_class where relname ~ '^audit_entry_[0-9]{4}_[0-9]{2}$' order by 1"
    )
    before = [row.relname for row in house.rows(parts)]
    assert before[:2] == ["audit_entry_2019_01", "audit_entry_2019_02"]
    with work(SYSTEM) as session:
        assert retention.forget_old(session)["audit_entry"] == 2
    assert [row.relname for row in house.rows(parts)] == before[2:]


def test_every_rule_of_retention_names_a_table_that_exists():
    from app.kit.database.model import Model

    assert retention.RULES
    for rule in retention.RULES:
        assert rule.table in Model.metadata.tables
