"""Workers and ticks as real processes that are killed, stopped and left without Redis."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest
from redis import Redis
from sqlalchemy import text

from app.kit.errors import CrmError
from app.kit.jobs import defer, faults, job, queues
from app.kit.jobs.checkpoints import progress, resume_point
from app.kit.jobs.models import Job
from app.kit.jobs.operations import cancel, retry
from app.kit.jobs.runner import SOURCES, WorkSource
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
    house.beats()
    queues.bind(None)
    defer_one(house, write, "found")
    wait_until(lambda: house.rows(DONE))


@pytest.mark.parametrize("point", ["claimed", "middle", "before commit", "committed"])
def test_a_worker_killed_at_any_point_loses_nothing_and_does_nothing_twice(house, point):
    one, other = defer_one(house, write, "a"), defer_one(house, write, "b")
    killed = house.worker(fault=point)
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    house.tick()
    house.worker()
    wait_until(lambda: is_over(house, one) and is_over(house, other))
    assert house.deeds() == ["a", "b"]
    assert house.states() == ["done", "done"]


def test_a_killed_job_in_pieces_goes_on_where_it_was(house):
    one = defer_one(house, write_in_pieces, 6)
    house.worker(fault="after piece 2").join(60)
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
    for process in house.processes[1:]:
        process.kill()
    os.kill(stopped.pid, signal.SIGCONT)
    # It is free for other work once it has rolled back.
    more = defer_one(house, write, "more")
    wait_until(lambda: is_over(house, more))
    os.kill(stopped.pid, signal.SIGTERM)
    stopped.join(60)
    assert stopped.exitcode == 0
    assert house.deeds() == ["more", "once"]
    assert house.rows("select epoch, state from job where id = :id", id=one) == [(2, "done")]


def test_a_stopped_worker_cannot_end_the_job_that_another_has_begun(house):
    one = defer_one(house, write, "once")
    workers, ticking = [], None
    for epoch in (1, 2):
        wait_until(lambda: house.states() == ["queued"])
        workers.append(house.worker(fault="middle", act="stop"))
        house.reached(workers[-1])
        assert house.rows("select epoch from job") == [(epoch,)]
        ticking = ticking or house.tick()
    os.kill(ticking.pid, signal.SIGKILL)
    os.kill(workers[0].pid, signal.SIGCONT)
    os.kill(workers[0].pid, signal.SIGTERM)
    workers[0].join(60)  # it leaves when it is through with its job
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

    seconds = 2.5 * LEASE.total_seconds()
    faults.hook = lambda point: time.sleep(seconds) if point == "middle" else None
    _worker(house, "default", "", "")


def _web(house: House, what: str) -> None:
    queues.wake = lambda _queue: os.kill(os.getpid(), signal.SIGKILL)
    defer_one(house, write, what)


def test_a_web_process_killed_between_commit_and_wake_up_loses_nothing(house):
    house.worker()
    web = house.start(_web, "committed")
    web.join(60)
    assert web.exitcode == -signal.SIGKILL
    house.tick()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["committed"]


def test_flushall_at_any_moment_loses_nothing(house, own_redis: Valkey):
    house.tick()
    working = house.worker()
    house.beats(2)
    over, chance, flushed = threading.Event(), random.Random(7), []

    def flush() -> None:
        while not over.wait(chance.uniform(0, 0.02)):
            own_redis.flush()
            flushed.append(1)

    flushing = threading.Thread(target=flush)
    flushing.start()
    try:
        for number in range(80):
            defer_one(house, write, f"{number:02}")
            time.sleep(chance.uniform(0, 0.02))
    finally:
        over.set()
        flushing.join()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == [f"{number:02}" for number in range(80)]
    assert len(flushed) > 20
    assert working.is_alive()


def test_valkey_killed_frozen_and_back_loses_nothing_and_slows_no_request(house, own_redis: Valkey):
    house.worker()
    defer_one(house, write, "before")
    wait_until(lambda: house.rows(DONE))
    own_redis.freeze()
    queues._client = queues.connect(own_redis.url, timeout=2)
    began = time.monotonic()
    for number in range(10):
        defer_one(house, write, f"frozen {number}")
    # One waits for Redis, and then nobody for a while; each for itself would be 20 seconds.
    assert time.monotonic() - began < 10
    own_redis.kill()
    defer_one(house, write, "gone")
    # Nobody can be told, and there is no tick: the worker looks by itself.
    wait_until(lambda: house.rows(DONE))
    own_redis.start()
    queues.bind(own_redis.url)
    defer_one(house, write, "back")
    wait_until(lambda: house.rows(DONE))
    assert len(house.deeds()) == 13


def test_two_workers_never_take_the_same_job(house):
    for number in range(2):
        defer_one(house, write, f"both {number}")
    workers = [house.worker(fault="middle", act="stop") for _ in range(2)]
    # Each is in the middle of one before either may go on.
    for number in range(60):
        defer_one(house, write, f"{number:02}")
    for one in workers:
        house.reached(one)
    assert len(house.rows("select distinct worker from job where state = 'running'")) == 2
    for one in workers:
        os.kill(one.pid, signal.SIGCONT)
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == [*(f"{number:02}" for number in range(60)), "both 0", "both 1"]


def test_two_ticks_start_a_schedule_once_and_as_each_company(house):
    from datetime import timedelta

    from app.kit.jobs.schedules import SCHEDULES, Schedule

    once, each = Schedule("a", f"{HERE}.look", every=timedelta(days=9)), f"{HERE}.look"
    SCHEDULES.register(once, Schedule("b", each, every=timedelta(days=9), each_company=True))
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


def test_a_cancelled_job_that_was_asked_for_again_is_over(house):
    one = defer_one(house, endless, key="k")
    house.worker()
    wait_until(house.deeds)
    assert defer_one(house, endless, key="k") == one
    with house.company() as session:
        cancel(session, session.get(Job, one))
    wait_until(lambda: is_over(house, one))
    # Without its end it would be kept for ever.
    assert house.rows("select state, again, finished_at is null from job") == [
        ("cancelled", False, False)
    ]


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
    house.reached(stopped)
    assert defer_one(house, write, "x", key="k") == one
    os.kill(stopped.pid, signal.SIGCONT)
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["x", "x"]


def test_a_worker_waits_for_the_transaction_that_counts_on_a_waiting_job(house):
    one = defer_one(house, write, "x", key="k")
    with house.company() as session:
        assert defer(session, f"{HERE}.write", "x", key="k") == one
        house.worker()
        house.beats()
        time.sleep(0.7)
        assert house.states() == ["queued"]
    wait_until(lambda: is_over(house, one))


def test_sigterm_ends_a_worker_after_its_present_job(house):
    one = defer_one(house, write_in_pieces, 3)
    working = house.start(_slow_pieces)
    wait_until(lambda: house.states() == ["running"])
    os.kill(working.pid, signal.SIGTERM)
    working.join(60)
    assert working.exitcode == 0
    assert is_over(house, one)
    idle = house.worker()
    house.beats()
    os.kill(idle.pid, signal.SIGTERM)
    idle.join(60)
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
        house.worker(fault="middle").join(60)
    wait_until(lambda: is_over(house, one))
    (row,) = house.rows("select state, attempts, error from job")
    assert (row.state, row.attempts) == ("failed", 4)
    assert "died" in row.error


def test_wake_ups_do_not_pile_up_while_nobody_takes_them(house, own_redis: Valkey):
    for number in range(30):
        defer_one(house, write, str(number))
    with Redis.from_url(own_redis.url) as client:
        assert client.llen("rq:queue:default") == 1


@job(timeout=1, attempts=1)
def wait_too_long_in_the_database(session):
    session.execute(text("select 1"))
    progress(session, 1)  # a transaction of its own has its own limit
    session.execute(text("select pg_sleep(600)"))


def test_a_job_that_hangs_in_a_statement_is_interrupted_too(house):
    one = defer_one(house, wait_too_long_in_the_database)
    defer_one(house, write, "next")
    house.worker()
    wait_until(lambda: is_over(house, one))
    wait_until(lambda: house.deeds() == ["next"])
    (row,) = house.rows("select state, error from job where id = :id", id=one)
    assert row.state == "failed"
    assert "TimedOut" in row.error or "OperationalError" in row.error


def test_a_job_whose_code_vanished_fails_in_words_and_holds_up_no_other(house):
    one = defer_one(house, write, "gone", queue="default")
    with house.owner() as connection:
        connection.execute(text("update job set name = 'app.orders.jobs.was_here_once'"))
    defer_one(house, write, "here")
    house.worker()
    wait_until(lambda: is_over(house, one))
    (row,) = house.rows("select state, attempts, error from job where id = :id", id=one)
    assert (row.state, row.attempts) == ("failed", 4)
    assert "(Unknown)" in row.error
    assert house.deeds() == ["here"]


def test_a_job_cancelled_while_its_worker_is_dead_is_not_begun_again(house):
    one = defer_one(house, write, "x")
    house.worker(fault="middle").join(60)
    with house.company() as session:
        cancel(session, session.get(Job, one))
    house.tick()
    house.worker()
    wait_until(lambda: is_over(house, one))
    assert house.rows("select state, stop_asked, finished_at is null from job") == [
        ("cancelled", False, False)
    ]
    assert house.deeds() == []
    with house.company() as session:
        retry(session, session.get(Job, one))
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["x"]


def test_a_key_of_one_with_all_stores_and_of_one_bound_to_some_are_two(house):
    whole = defer_one(house, write, "whole", key="k")
    with house.company(store_ids=(3,)) as session:
        bound = defer(session, f"{HERE}.write", "bound", key="k")
        assert defer(session, f"{HERE}.write", "bound", key="k") == bound
    with house.company(store_ids=(3, 4)) as session:
        wider = defer(session, f"{HERE}.write", "wider", key="k")
    assert len({whole, bound, wider}) == 3
    house.worker()
    wait_until(lambda: house.rows(DONE))
    assert house.deeds() == ["bound", "whole", "wider"]


def _broken(_runner):
    raise ZeroDivisionError


def _with_a_broken_source(house: House) -> None:
    from tests.jobs.house import _worker

    SOURCES.register(WorkSource("a broken one", _broken, lambda _session: ["default"]))
    _worker(house, "default", "", "")


def test_a_source_that_cannot_be_served_ends_no_worker_and_holds_up_no_job(house):
    working = house.start(_with_a_broken_source)
    for number in range(5):
        defer_one(house, write, f"{number}")
    wait_until(lambda: house.rows(DONE))
    assert working.is_alive()
    assert house.rows("select distinct attempts from job") == [(1,)]
