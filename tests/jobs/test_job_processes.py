"""Workers and ticks as real processes that are killed, stopped and left without Redis."""

from __future__ import annotations

import os
import signal
import time

import pytest
from redis import Redis
from sqlalchemy import text

from app.kit.errors import CrmError
from app.kit.jobs import defer, faults, job, queues
from app.kit.jobs.models import Job
from app.kit.jobs.operations import cancel, retry
from app.kit.jobs.pieces import progress, resume_point
from tests.jobs.house import House, Valkey, do, wait_until

HERE = __name__
DONE = "select 1 from job having count(*) > 0 and bool_and(state = 'done')"


@job(attempts=4)
def write(session, what):
    do(session, what)
    faults.reach("middle")


@job(attempts=4)
def write_in_pieces(session, count):
    for number in range(resume_point(session, 0), count):
        do(session, f"piece {number}")
        progress(session, number + 1, count, "pieces", point=number + 1)
        faults.reach(f"after piece {number}")
    return {"written": count}


@job(attempts=2)
def fail(session, what):
    do(session, what)
    raise ValueError("password=secret")


@job()
def refuse(session):
    do(session, "refused")
    raise CrmError("The shop is closed.")


@job()
def endless(session):
    number = 0
    while True:
        do(session, "piece")
        number += 1
        progress(session, number)
        time.sleep(0.05)


@job(timeout=0.2, attempts=1)
def dawdle(session):
    time.sleep(10)


@job()
def look(session):
    return session.scalars(text("select what from deed")).all()


def defer_one(house: House, function, *args, **more) -> int:
    with house.company() as session:
        return defer(session, f"{HERE}.{function.__name__}", *args, **more)


def is_over(house: House, job_id: int) -> bool:
    sql = "select 1 from job where id = :id and state in ('done', 'failed', 'cancelled')"
    return bool(house.rows(sql, id=job_id))


def test_a_worker_does_what_is_deferred_without_any_tick(house):
    house.worker()
    for number in range(20):
        defer_one(house, write, f"{number:02}")
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == [f"{number:02}" for number in range(20)]
    assert {row.attempts for row in house.rows("select attempts from job")} == {1}


def test_a_worker_that_nobody_tells_looks_by_itself(house):
    house.worker()
    wait_until(lambda: house.rows("select 1 from beat"))
    time.sleep(0.3)
    queues.bind(None)
    defer_one(house, write, "found")
    wait_until(lambda: house.rows(DONE), 3)


@pytest.mark.parametrize("point", ["claimed", "middle", "before commit", "committed"])
def test_a_worker_killed_at_any_point_loses_nothing_and_does_nothing_twice(house, point):
    one, other = defer_one(house, write, "a"), defer_one(house, write, "b")
    killed = house.worker(fault=point)
    killed.join(10)
    assert killed.exitcode == -signal.SIGKILL
    house.tick()
    house.worker()
    wait_until(lambda: is_over(house, one) and is_over(house, other))
    assert house.deeds() == ["a", "b"]
    assert house.states() == ["done", "done"]


def test_a_killed_job_in_pieces_goes_on_where_it_was(house):
    one = defer_one(house, write_in_pieces, 6)
    house.worker(fault="after piece 2").join(10)
    assert house.deeds() == ["piece 0", "piece 1", "piece 2"]
    (row,) = house.rows("select state, progress_done, progress_total, point from job")
    assert tuple(row) == ("running", 3, 6, 3)
    house.tick()
    house.worker()
    wait_until(lambda: is_over(house, one))
    assert house.deeds() == [f"piece {number}" for number in range(6)]
    (row,) = house.rows("select attempts, result, progress_done from job")
    assert tuple(row) == (2, {"written": 6}, 6)


def test_a_stopped_worker_is_fenced_when_it_goes_on(house):
    one = defer_one(house, write, "once")
    stopped = house.worker(fault="middle", act="stop")
    wait_until(lambda: house.states() == ["running"])
    house.tick()
    wait_until(lambda: house.states() == ["queued"])
    house.worker()
    wait_until(lambda: is_over(house, one))
    os.kill(stopped.pid, signal.SIGCONT)
    # It is free for other work once it has rolled back.
    wait_until(lambda: defer_one(house, write, "more") and house.rows(DONE))
    os.kill(stopped.pid, signal.SIGTERM)
    stopped.join(10)
    assert stopped.exitcode == 0
    assert house.deeds().count("once") == 1
    assert house.rows("select epoch, state from job where id = :id", id=one) == [(2, "done")]


def test_a_stopped_worker_cannot_end_the_job_that_another_has_begun(house):
    one = defer_one(house, write, "once")
    workers, ticking = [], None
    for epoch in (1, 2):
        wait_until(lambda: house.states() == ["queued"])
        workers.append(house.worker(fault="middle", act="stop"))
        wait_until(lambda epoch=epoch: house.rows(f"select 1 from job where epoch = {epoch}"))
        time.sleep(0.2)
        ticking = ticking or house.tick()
    os.kill(ticking.pid, signal.SIGKILL)
    os.kill(workers[0].pid, signal.SIGCONT)
    time.sleep(0.5)
    assert house.deeds() == []
    os.kill(workers[1].pid, signal.SIGCONT)
    wait_until(lambda: is_over(house, one))
    assert house.deeds() == ["once"]


def test_a_long_job_keeps_its_lease(house):
    one = defer_one(house, write, "long")
    with_pause = house.start(_slow_worker)
    house.tick()
    wait_until(lambda: is_over(house, one))
    assert house.rows("select attempts, state from job") == [(1, "done")]
    assert with_pause.is_alive()


def _slow_worker(house: House) -> None:
    from tests.jobs.house import LEASE, _worker

    seconds = 3 * LEASE.total_seconds()
    faults.hook = lambda point: time.sleep(seconds) if point == "middle" else None
    _worker(house, "default", "", "")


def _web(house: House, what: str) -> None:
    queues.wake = lambda _queue: os.kill(os.getpid(), signal.SIGKILL)
    defer_one(house, write, what)


def test_a_web_process_killed_between_commit_and_wake_up_loses_nothing(house):
    house.worker()
    web = house.start(_web, "committed")
    web.join(10)
    assert web.exitcode == -signal.SIGKILL
    house.tick()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["committed"]


def test_flushall_at_any_moment_loses_nothing(house, own_redis: Valkey):
    house.tick()
    house.worker()
    for number in range(40):
        defer_one(house, write, f"{number:02}")
        if number % 4 == 1:
            own_redis.flush()
    own_redis.flush()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == [f"{number:02}" for number in range(40)]


def test_valkey_killed_frozen_and_back_loses_nothing_and_slows_no_request(house, own_redis: Valkey):
    house.worker()
    defer_one(house, write, "before")
    wait_until(lambda: house.rows(DONE))
    own_redis.freeze()
    began = time.monotonic()
    for number in range(10):
        defer_one(house, write, f"frozen {number}")
    assert time.monotonic() - began < 1.5
    own_redis.kill()
    defer_one(house, write, "gone")
    # Nobody can be told, and there is no tick: the worker looks by itself.
    wait_until(lambda: house.rows(DONE))
    own_redis.start()
    queues.bind(own_redis.url)
    time.sleep(1.2)
    defer_one(house, write, "back")
    wait_until(lambda: house.rows(DONE))
    assert len(house.deeds()) == 13


def test_two_workers_never_take_the_same_job(house):
    for number in range(60):
        defer_one(house, write, f"{number:02}")
    house.worker()
    house.worker()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == [f"{number:02}" for number in range(60)]
    assert len(house.rows("select distinct worker from job")) == 2


def test_two_ticks_start_a_schedule_once_and_as_each_company(house):
    from datetime import timedelta

    from app.kit.jobs.schedules import SCHEDULES, Schedule

    once, each = Schedule("a", f"{HERE}.look", every=timedelta(days=9)), f"{HERE}.look"
    SCHEDULES.update(a=once, b=Schedule("b", each, every=timedelta(days=9), each_company=True))
    ticks = [house.tick() for _ in range(3)]
    house.worker()
    wait_until(lambda: len(house.rows("select 1 from schedule_run")) == 2)
    wait_until(lambda: house.rows(DONE))
    time.sleep(0.5)
    made = [row.company_id for row in house.rows("select company_id from job")]
    assert sorted(made, key=str) == [1, 2, None]
    assert {row.name for row in house.rows("select name from schedule_run")} == {"a", "b"}
    assert all(tick.is_alive() for tick in ticks)


def test_a_job_of_one_company_never_sees_another(house):
    with house.company(2) as session:
        do(session, "secret of the others")
    one = defer_one(house, look)
    house.worker()
    wait_until(lambda: is_over(house, one))
    assert house.rows("select state, result from job") == [("done", [])]


def test_a_fault_is_retried_then_failed_without_its_text_and_tried_again_by_hand(house):
    one = defer_one(house, fail, "never")
    house.worker()
    house.tick()
    wait_until(lambda: is_over(house, one))
    (row,) = house.rows("select state, attempts, error from job")
    assert (row.state, row.attempts) == ("failed", 2)
    assert "ValueError" in row.error
    assert "secret" not in row.error
    assert house.deeds() == []
    with house.company() as session:
        retry(session, session.get(Job, one))
    wait_until(lambda: house.rows("select 1 from job where epoch = 4 and state = 'failed'"))


def test_a_refusal_is_kept_as_its_sentence_and_not_tried_again(house):
    one = defer_one(house, refuse)
    house.worker()
    wait_until(lambda: is_over(house, one))
    assert house.rows("select state, attempts, error from job") == [
        ("failed", 1, "The shop is closed.")
    ]
    assert house.deeds() == []


def test_a_running_job_stops_after_its_piece_when_it_is_cancelled(house):
    one = defer_one(house, endless)
    house.worker()
    wait_until(lambda: len(house.deeds()) > 2)
    with house.company() as session:
        cancel(session, session.get(Job, one))
    wait_until(lambda: is_over(house, one))
    assert house.states() == ["cancelled"]
    (row,) = house.rows("select progress_done from job")
    assert len(house.deeds()) == row.progress_done


def test_a_job_that_takes_too_long_is_interrupted(house):
    one = defer_one(house, dawdle)
    house.worker()
    wait_until(lambda: is_over(house, one))
    (row,) = house.rows("select state, error from job")
    assert row.state == "failed"
    assert "TimedOut" in row.error


def test_a_job_deferred_again_while_it_runs_runs_once_more(house):
    one = defer_one(house, write, "x", key="k")
    stopped = house.worker(fault="middle", act="stop")
    wait_until(lambda: house.states() == ["running"])
    assert defer_one(house, write, "x", key="k") == one
    os.kill(stopped.pid, signal.SIGCONT)
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["x", "x"]


def test_a_worker_waits_for_the_transaction_that_counts_on_a_waiting_job(house):
    one = defer_one(house, write, "x", key="k")
    with house.company() as session:
        assert defer(session, f"{HERE}.write", "x", key="k") == one
        house.worker()
        time.sleep(0.7)
        assert house.states() == ["queued"]
    wait_until(lambda: is_over(house, one))


def test_sigterm_ends_a_worker_after_its_present_job(house):
    one = defer_one(house, write_in_pieces, 3)
    working = house.start(_slow_pieces)
    wait_until(lambda: house.states() == ["running"])
    os.kill(working.pid, signal.SIGTERM)
    working.join(10)
    assert working.exitcode == 0
    assert is_over(house, one)
    idle = house.worker()
    wait_until(lambda: len(house.rows("select 1 from beat where kind = 'worker'")) == 1)
    os.kill(idle.pid, signal.SIGTERM)
    idle.join(5)
    assert idle.exitcode == 0
    assert house.rows("select 1 from beat") == []


def _slow_pieces(house: House) -> None:
    from tests.jobs.house import _worker

    faults.hook = lambda point: time.sleep(0.2) if point == "piece" else None
    _worker(house, "default", "", "")


def test_a_worker_that_dies_each_time_makes_the_job_fail_in_the_end(house):
    one = defer_one(house, write, "poison")
    house.tick()
    for _ in range(4):
        wait_until(lambda: house.states() == ["queued"])
        house.worker(fault="middle").join(10)
    wait_until(lambda: is_over(house, one))
    (row,) = house.rows("select state, attempts, error from job")
    assert (row.state, row.attempts) == ("failed", 4)
    assert "died" in row.error


def test_wake_ups_do_not_pile_up_while_nobody_takes_them(house, own_redis: Valkey):
    for number in range(30):
        defer_one(house, write, str(number))
    with Redis.from_url(own_redis.url) as client:
        assert client.llen("rq:queue:default") == 1
