"""Deliveries by real workers, each with its own retry, none lost and none applied twice."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import text

from app.kit.database.stamp import current_stamp
from app.kit.errors import CrmError
from app.kit.events import delivering, emit, emit_many, on
from app.kit.jobs.runner import Runner
from tests.jobs.house import House, do, wait_until

OVER = """select 1 from event_delivery
 having count(*) > 0 and bool_and(state <> 'waiting')"""


@on("house.built", name="house.first")
def first(session, happened):
    do(session, f"first {happened.data['number']}")


@on("house.built", name="house.second", attempts=3)
def second(session, happened):
    do(session, f"second {happened.data['number']}")
    if happened.data["number"] == "bad":
        raise CrmError("Nothing can be built here.")


@on("house.sold", name="house.batch", batch=True, attempts=2)
def batch(session, happened):
    do(session, f"batch of {len(happened)}")
    for one in happened:
        if one.data["number"] == "bad":
            raise ValueError("bad")
        do(session, f"sold {one.data['number']}")


@on("house.seen", name="house.look")
def look(session, happened):
    stamp = current_stamp()
    seen = session.scalar(text("select count(*) from deed"))
    do(session, f"{stamp.role} {stamp.company_id} {stamp.user_id} sees {seen}")


def build(house: House, *numbers, event="house.built", **stamp) -> None:
    with house.company(**stamp) as session:
        emit_many(session, event, [{"number": number} for number in numbers])


def states(house: House) -> set[tuple]:
    sql = "select subscriber, state, attempts, count(*) from event_delivery group by 1, 2, 3"
    return {tuple(row) for row in house.rows(sql)}


def test_each_subscriber_gets_each_event_once(house):
    house.worker("events")
    build(house, *range(50))
    wait_until(lambda: house.rows(OVER))
    assert house.deeds() == sorted(
        [f"first {n}" for n in range(50)] + [f"second {n}" for n in range(50)]
    )


def test_a_failing_subscriber_is_retried_alone_and_dies_visibly(house):
    build(house, 1, "bad")
    house.worker("events")
    house.tick()
    wait_until(lambda: house.rows(OVER))
    assert house.deeds() == ["first 1", "first bad", "second 1"]
    assert states(house) == {
        ("house.first", "done", 1, 2),
        ("house.second", "done", 1, 1),
        ("house.second", "dead", 3, 1),
    }
    (row,) = house.rows("select error from event_delivery where state = 'dead'")
    assert row.error == "Nothing can be built here."


def test_a_batch_is_one_call_and_is_taken_apart_when_one_of_it_fails(house):
    build(house, 1, 2, 3, event="house.sold")
    Runner("events").drain()
    assert house.deeds() == ["batch of 3", "sold 1", "sold 2", "sold 3"]
    build(house, 4, "bad", 5, event="house.sold")
    runner = Runner("events", backoff=lambda _attempt: 0)
    wait_until(lambda: runner.drain() or house.rows(OVER))
    assert house.deeds() == sorted(
        ["batch of 3", "batch of 1", "batch of 1", *(f"sold {n}" for n in range(1, 6))]
    )
    assert states(house) == {
        ("house.batch", "done", 1, 3),
        ("house.batch", "done", 2, 2),
        ("house.batch", "dead", 2, 1),
    }


@pytest.mark.parametrize("point", ["deliveries claimed", "before delivery commit", "delivered"])
def test_a_worker_killed_while_delivering_loses_nothing_and_does_nothing_twice(house, point):
    build(house, *range(10))
    killed = house.worker("events", fault=point)
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    assert len(house.deeds()) == (1 if point == "delivered" else 0)
    _let_claims_run_out(house)
    house.worker("events")
    wait_until(lambda: house.rows(OVER))
    assert house.deeds() == sorted(
        [f"first {n}" for n in range(10)] + [f"second {n}" for n in range(10)]
    )


def _let_claims_run_out(house: House) -> None:
    sql = text("update event_delivery set not_before = now() where state = 'waiting'")
    with house.company() as session:
        session.execute(sql)


def test_a_delivery_that_two_hold_is_applied_by_one(house):
    build(house, 1)
    stopped = house.worker("events", fault="before delivery commit", act="stop")
    house.reached(stopped)
    _let_others_claim(house)
    house.worker("events")
    wait_until(lambda: house.deeds() == ["second 1"])
    os.kill(stopped.pid, signal.SIGCONT)
    wait_until(lambda: house.rows(OVER))
    for process in house.processes:
        os.kill(process.pid, signal.SIGTERM)
        process.join(60)
    assert house.deeds() == ["first 1", "second 1"]


def _let_others_claim(house: House) -> None:
    # The stopped worker has the first row locked: only the second can be touched from here.
    sql = text("""
update event_delivery set not_before = now() where id in (
  select id from event_delivery where state = 'waiting' for update skip locked)""")
    with house.company() as session:
        session.execute(sql)


def test_two_workers_share_what_waits(house):
    build(house, *range(300))
    house.worker("events")
    house.worker("events")
    wait_until(lambda: house.rows(OVER))
    assert len(house.deeds()) == len(set(house.deeds())) == 600


def test_it_works_as_the_company_and_never_sees_another(house):
    with house.company(2) as session:
        do(session, "theirs")
    build(house, 1, event="house.seen", user_id=77, store_ids=(3,))
    Runner("events").drain()
    assert house.deeds() == ["crm_app 1 77 sees 0"]


def test_an_event_of_a_rolled_back_transaction_never_was(house):
    with pytest.raises(ZeroDivisionError), house.company() as session:
        emit(session, "house.built", number=1)
        raise ZeroDivisionError
    assert house.rows("select 1 from event") == []


def test_a_subscriber_nobody_knows_waits_for_a_newer_release(house):
    build(house, 1, event="house.seen")
    with house.company() as session:
        session.execute(text("update event_delivery set subscriber = 'house.newer'"))
    assert delivering.deliver(Runner("events")) is True
    (row,) = house.rows("select state, attempts, error from event_delivery")
    assert (row.state, row.attempts, row.error) == (
        "waiting",
        1,
        "Nobody here knows this subscriber.",
    )


def test_what_a_stopping_worker_did_not_get_to_is_given_back(house):
    build(house, *range(5))
    runner = Runner("events")
    runner.stop()
    assert delivering.deliver(runner) is True
    sql = "select count(*) n from event_delivery where attempts = 0 and not_before <= now()"
    assert house.rows(sql)[0].n == 10


@on("house.poisoned", name="house.poison", attempts=3)
def poison(session, happened):
    if happened.data["number"] == "bad":
        os.kill(os.getpid(), signal.SIGKILL)
    do(session, f"survived {happened.data['number']}")


def test_a_delivery_that_kills_its_workers_dies_and_takes_no_other_with_it(house):
    build(house, "bad", *range(5), event="house.poisoned")
    for _ in range(12):
        _let_claims_run_out(house)
        working = house.worker("events")
        wait_until(lambda one=working: not one.is_alive() or house.rows(OVER))
        if house.rows(OVER):
            break
    assert house.deeds() == [f"survived {n}" for n in range(5)]
    (row,) = house.rows("select attempts, error from event_delivery where state = 'dead'")
    assert row.attempts == 4
    assert "died" in row.error


@on("house.hung", name="house.hang", attempts=1)
def hang(session, _happened):
    session.execute(text("select pg_sleep(600)"))


def test_a_subscriber_that_hangs_is_interrupted(house, monkeypatch):
    monkeypatch.setattr(delivering, "_LONGEST", 0.5)
    build(house, 1, event="house.hung")
    build(house, 2)
    runner = Runner("events")
    wait_until(lambda: runner.drain() or house.rows(OVER))
    assert house.deeds() == ["first 2", "second 2"]
    (row,) = house.rows("select error from event_delivery where state = 'dead'")
    assert "TimedOut" in row.error or "OperationalError" in row.error
