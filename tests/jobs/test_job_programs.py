"""The programs that the supervisor starts, on the whole application."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import config
from app.kit.jobs import defer
from tests.jobs.house import House, wait_until

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def program(house: House, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m app.kit.jobs.…` on this house, and see that it ends well."""
    settings = replace(config.load(), database_url=house.url, redis_url=house.redis_url)
    running = subprocess.Popen([sys.executable, "-m", *words], env=settings.environment(), cwd=ROOT)
    try:
        yield running
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    finally:
        running.kill()
        running.wait()


@pytest.mark.timeout(120)
def test_worker_and_tick_run_as_programs_and_end_on_sigterm(house: House):
    with (
        program(house, "app.kit.jobs.worker", "bulk"),
        program(house, "app.kit.jobs.tick"),
    ):
        # The tick starts the nightly work once on a new database; the worker does it.
        sql = "select 1 from job where name = 'app.kit.retention.forget_old' and state = 'done'"
        wait_until(lambda: house.rows(sql), 60)
        with house.company() as session:
            defer(session, "app.kit.jobs.upkeep.make_partitions", queue="bulk")
        refused = "select error from job where company_id = 1 and error is not null"
        wait_until(lambda: house.rows(refused), 20)
        assert "ProgrammingError" in house.rows(refused)[0].error
    assert house.rows("select 1 from beat") == []
