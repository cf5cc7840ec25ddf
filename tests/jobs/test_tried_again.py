"""What is tried again waits its time, no other job is touched by it, and nobody asks all the time."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.kit.jobs import defer, job
from app.kit.jobs.declared import TryLater
from app.kit.jobs.runner import Runner
from app.kit.jobs.worker import Process
from tests.jobs.house import do


@job()
def write(session, what):
    do(session, what)


@job(attempts=2)
def fail(session, what):
    raise ValueError(what)


def deferred(house, function, *args):
    with house.company() as session:
        return defer(session, f"{__name__}.{function.__name__}", *args)


@job()
def later(session):
    raise TryLater("Not now.", after=timedelta(hours=1))


@pytest.mark.parametrize(
    ("function", "args", "seconds"), [(later, (), 3600), (fail, ("never",), 600)]
)
def test_what_is_tried_again_waits_its_time_and_nothing_else_changes(
    house, function, args, seconds
):
    others = deferred(house, write, "done before"), deferred(house, write, "elsewhere")
    runner = Runner("default", backoff=lambda _attempt: 600.0)
    assert runner.run_next()
    with house.owner() as connection:
        # As a worker has it that is not this one, in the first turn of this job, too.
        connection.execute(
            text("update job set state = 'running', epoch = 1 where id = :id"), {"id": others[1]}
        )
    kept = "select * from job where id in (:one, :other) order by id"
    before = house.rows(kept, one=others[0], other=others[1])
    one = deferred(house, function, *args)
    assert runner.run_next()
    (row,) = house.rows(
        "select state, not_before - clock_timestamp() as left from job where id = :id", id=one
    )
    assert row.state == "queued"
    assert timedelta(seconds=seconds - 60) < row.left <= timedelta(seconds=seconds)
    assert house.rows(kept, one=others[0], other=others[1]) == before
    assert not runner.run_next(), "it is not its time"


def test_between_two_looks_a_worker_rests_for_a_second_unless_it_is_told_to_stop():
    runner = Runner("default")
    process = Process(runner, "redis://127.0.0.1:1/0")
    began = time.monotonic()
    process._rest()
    assert 0.9 < time.monotonic() - began < 5
    threading.Timer(0.1, runner.stop).start()
    began = time.monotonic()
    process._rest()
    assert time.monotonic() - began < 0.9
