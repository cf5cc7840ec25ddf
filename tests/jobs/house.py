"""Real processes for the tests of jobs and events: forked workers and ticks, and a Valkey of one's own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
from redis import Redis
from sqlalchemy import Connection, Engine, NullPool, text
from sqlalchemy.orm import Session

from app.kit.database import session as database
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.jobs import faults, queues, tick, worker
from app.kit.jobs.runner import Runner
from app.kit.jobs.schedules import SCHEDULES
from app.kit.servers import binaries, valkey
from tests.registries import as_before

FORK = multiprocessing.get_context("fork")
# Renewed three times in its length: a busy machine may hold a process up for most of a second.
LEASE = timedelta(seconds=2)
SYSTEM = Stamp(Role.SYSTEM)
_AT_REST = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `true()`; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.03)


class Valkey:
    """A Valkey of this test's own, which may be flushed, stopped and killed."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="crm")
        self.socket = Path(self._directory.name) / "v"
        self.url = f"unix://{self.socket}?db=0"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [binaries.valkey_server(), "--port", "0", "--unixsocket", self.socket, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: valkey.answers(self.socket))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def flush(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def close(self) -> None:
        self.kill()
        self._directory.cleanup()


@dataclass
class House:
    """One database and one Valkey with whatever processes a test starts on them."""

    url: str
    redis_url: str | None
    engine: Engine
    owner_engine: Engine
    processes: list[BaseProcess] = field(default_factory=list)

    def company(self, company_id: int = 1, **stamp: Any) -> Any:
        """Open a committed piece of work of a company."""
        return work(company_stamp(company_id, **stamp), on=self.engine)

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """Change the database itself, as a migration does."""
        with self.owner_engine.begin() as connection:
            connection.execute(text("set local role crm_owner"))
            yield connection

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """Read as the system."""
        with work(SYSTEM, on=self.engine) as session:
            return list(session.execute(text(sql), values))

    def states(self) -> list[str]:
        return [row.state for row in self.rows("select state from job order by id")]

    def deeds(self, company_id: int = 1) -> list[str]:
        """Read what jobs and subscribers did, sorted."""
        with self.company(company_id) as session:
            return sorted(session.scalars(text("select what from deed")))

    def start(self, what: Callable[..., object], *args: Any) -> BaseProcess:
        """Run `what(house, *args)` in a process of its own, on connections of its own."""
        process = FORK.Process(target=_child, args=(self, what, args), daemon=True)
        process.start()
        self.processes.append(process)
        return process

    def worker(self, queue: str = "default", fault: str = "", act: str = "kill") -> BaseProcess:
        """Start a worker that kills or stops itself at the point `fault`."""
        return self.start(_worker, queue, fault, act)

    def tick(self) -> BaseProcess:
        """Start a tick that is in a hurry."""
        return self.start(_tick)

    def reached(self, process: BaseProcess) -> None:
        """Wait until a worker that kills or stops itself has done so."""
        wait_until(lambda: psutil.Process(process.pid).status() in _AT_REST)

    def beats(self, number: int = 1) -> None:
        """Wait until so many processes have begun their work."""
        wait_until(lambda: len(self.rows("select 1 from beat")) >= number)

    def end(self) -> None:
        for process in self.processes:
            if process.is_alive() and process.pid:
                os.kill(process.pid, signal.SIGKILL)
            process.join()


def _child(house: House, what: Callable[..., object], args: tuple[Any, ...]) -> None:
    os.setpgrp()
    database.bind(make_engine(house.url))
    queues.bind(house.redis_url)
    what(house, *args)


def _worker(house: House, queue: str, fault: str, act: str) -> None:
    if fault:
        faults.hook = self_harm(fault, act)
    runner = Runner(queue, lease=LEASE, backoff=lambda _attempt: 0.1)
    # What was given back is taken up by the next look: a test need not wait seconds for it.
    worker.POLL = 0.2
    worker.run(None, runner, house.redis_url or "unix:///nowhere")


def _tick(_house: House) -> None:
    tick.run(threading.Event(), period=0.2)


def self_harm(fault: str, act: str) -> Callable[[str], None]:
    """Return a hook that kills or stops this process when it reaches `fault` for the first time."""
    harmed = []

    def hook(point: str) -> None:
        if point == fault and not harmed:
            harmed.append(point)
            os.kill(os.getpid(), signal.SIGKILL if act == "kill" else signal.SIGSTOP)

    return hook


def furnish(owner_url: str) -> None:
    """Add the table in which jobs and subscribers leave their traces."""
    engine = make_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        for step in (
            "set local role crm_owner",
            "create table deed (company_id bigint default crm_company(), what text)",
            "alter table deed enable row level security",
            "grant select, insert on deed to crm_app, crm_store, crm_system",
            "create policy own on deed using (company_id is not distinct from crm_company())",
        ):
            connection.execute(text(step))


@contextmanager
def open_house(url: str, owner_url: str, redis_url: str | None) -> Iterator[House]:
    """Give a house on a furnished database, also to what this process does."""
    # Kept connections: a new one costs ten times what it is asked here. Processes make their own.
    engine = make_engine(url, pool_pre_ping=True)
    house = House(url, redis_url, engine, make_engine(owner_url, poolclass=NullPool))
    before = database._engine
    database.bind(engine)
    queues.bind(redis_url)
    try:
        with as_before(SCHEDULES, empty=True):
            yield house
    finally:
        house.end()
        queues.bind(None)
        database._engine = before
        engine.dispose()


def do(session: Session, what: str) -> None:
    """Leave a trace that commits or rolls back with whatever else is done."""
    session.execute(text("insert into deed (what) values (:what)"), {"what": what})
