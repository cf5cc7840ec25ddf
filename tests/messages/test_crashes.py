"""Workers killed with -9 while they send: nothing lost, nothing doubled, what is unknown is named."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.kit.database.session import work
from app.kit.servers import TestServer
from app.messages.choices import DispatchStatus, UncertainPolicy
from app.messages.models import DispatchRecipient
from app.messages.operations import SendingTerms
from tests.messages import worker
from tests.messages.sending import COMPANY, OFFER, House, audience
from tests.stand_ins.running import Running

FORK = multiprocessing.get_context("fork")
CONNECTIONS = 8
POINTS = (
    "after claim", "before load", "before grant or record", "after grant or record",
    "before starting", "after starting", "before reply noted", "after reply noted",
)  # fmt: skip


@dataclass
class Crashes:
    """A house whose mail worker is a process that gets killed."""

    house: House
    relay: Running
    given: dict[str, Any]
    kills: int = 0
    workers: list[BaseProcess] = field(default_factory=list)

    def worker(self, **options: Any) -> BaseProcess:
        # Forked: what a worker imports takes seconds, and that is not what is tested.
        process = FORK.Process(target=worker.main, args=(self.given | options,), daemon=True)
        process.start()
        self.workers.append(process)
        return process

    def kill(self, process: BaseProcess) -> None:
        process.kill()
        self.died(process)

    def died(self, process: BaseProcess) -> None:
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        self.kills += 1

    def wait_sent(self, more: int, seconds: float = 60) -> None:
        goal = self.relay.stats()["total"] + more
        deadline = time.monotonic() + seconds
        while self.relay.stats()["total"] < goal:
            assert time.monotonic() < deadline, "the worker sends nothing"
            time.sleep(0.005)

    def finish(self, dispatch: int, seconds: float = 90) -> None:
        process = self.worker()
        deadline = time.monotonic() + seconds
        while self.house.status(dispatch) is not DispatchStatus.COMPLETED:
            assert time.monotonic() < deadline, self.house.states(dispatch)
            time.sleep(0.1)
        process.terminate()
        process.join(30)
        assert process.exitcode == 0

    def check(self, dispatch: int, count: int, file: Path) -> dict[str, int]:
        """Hold the promises of the design against what the relay really saw."""
        with work(COMPANY) as session:
            rows = session.execute(
                select(DispatchRecipient.address, DispatchRecipient.state).where(
                    DispatchRecipient.dispatch_id == dispatch
                )
            ).all()
        states = {address: str(state) for address, state in rows}
        seen = self.relay.seen(file)
        counts = self.house.states(dispatch)
        recorded = {address for address, state in states.items() if state == "accepted"}
        assert len(states) == sum(counts.values()) == count
        assert set(counts) <= {"accepted", "uncertain"}
        assert {address for address, times in seen.items() if times > 1} == set()
        assert recorded - seen.keys() == set(), "recorded as sent and never arrived"
        assert counts.get("uncertain", 0) <= CONNECTIONS * self.kills
        told = self.house.counts(dispatch)
        assert (told["accepted"], told["uncertain"]) == (
            counts.get("accepted", 0), counts.get("uncertain", 0),
        )  # fmt: skip
        return counts


@pytest.fixture
def crashes(
    house: House, own_database: str, server: TestServer, sink: Running
) -> Iterator[Crashes]:
    sink.set(keep=0)
    given = {
        "database": own_database,
        "redis": server.redis_url,
        "folder": str(house.folder),
        "smtp": f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}",
    }
    made = Crashes(house, sink, given)
    yield made
    for process in made.workers:
        process.kill()
        process.join()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_ten_kills_at_random_moments_of_20000_mails(crashes: Crashes, tmp_path: Path) -> None:
    crashes.relay.set(latency_ms=2)
    dispatch = crashes.house.start(audience(20_000), terms=SendingTerms(values=OFFER))
    chance = random.Random(7)
    for _ in range(10):
        process = crashes.worker()
        crashes.wait_sent(chance.randint(1, 1700))
        time.sleep(chance.uniform(0, 0.03))
        crashes.kill(process)
    crashes.finish(dispatch)
    assert crashes.kills == 10
    counts = crashes.check(dispatch, 20_000, tmp_path / "seen")
    assert counts["accepted"] >= 20_000 - CONNECTIONS * 10


@pytest.mark.timeout(300)
def test_a_kill_between_any_two_lines_loses_and_doubles_nothing(
    crashes: Crashes, tmp_path: Path
) -> None:
    dispatch = crashes.house.start(audience(3000), terms=SendingTerms(values=OFFER))
    for point in POINTS:
        process = crashes.worker(die_at=point, after=3 if "starting" in point else 2)
        crashes.died(process)
    crashes.finish(dispatch)
    crashes.check(dispatch, 3000, tmp_path / "seen")


@pytest.mark.timeout(300)
def test_with_the_resend_policy_nobody_is_missing(crashes: Crashes, tmp_path: Path) -> None:
    terms = SendingTerms(values=OFFER, uncertain_policy=UncertainPolicy.RESEND)
    dispatch = crashes.house.start(audience(4000), terms=terms)
    for _ in range(3):
        process = crashes.worker()
        crashes.wait_sent(500)
        crashes.kill(process)
    crashes.finish(dispatch)
    seen = crashes.relay.seen(tmp_path / "seen")
    assert crashes.house.states(dispatch) == {"accepted": 4000}
    assert len(seen) == 4000
    assert sum(times - 1 for times in seen.values()) <= CONNECTIONS * crashes.kills


@pytest.mark.timeout(300)
def test_a_worker_that_stands_still_beyond_its_lease_is_fenced_off(
    crashes: Crashes, tmp_path: Path
) -> None:
    crashes.relay.set(latency_ms=5)
    dispatch = crashes.house.start(audience(3000), terms=SendingTerms(values=OFFER))
    stopped = crashes.worker()
    crashes.wait_sent(200)
    os.kill(stopped.pid or 0, signal.SIGSTOP)
    crashes.finish(dispatch)
    os.kill(stopped.pid or 0, signal.SIGCONT)
    time.sleep(1)
    seen = crashes.relay.seen(tmp_path / "seen")
    assert set(seen.values()) == {1}
    counts = crashes.house.states(dispatch)
    assert sum(counts.values()) == 3000
    # What its journal says it had begun and not heard of; the rest of its window was not begun.
    assert counts.get("uncertain", 0) <= CONNECTIONS


@pytest.mark.timeout(300)
def test_a_worker_that_stands_still_doubles_no_more_than_it_had_begun(
    crashes: Crashes, tmp_path: Path
) -> None:
    crashes.relay.set(latency_ms=5)
    terms = SendingTerms(values=OFFER, uncertain_policy=UncertainPolicy.RESEND)
    dispatch = crashes.house.start(audience(3000), terms=terms)
    stopped = crashes.worker()
    crashes.wait_sent(200)
    os.kill(stopped.pid or 0, signal.SIGSTOP)
    crashes.finish(dispatch)
    os.kill(stopped.pid or 0, signal.SIGCONT)
    time.sleep(1)
    seen = crashes.relay.seen(tmp_path / "seen")
    assert crashes.house.states(dispatch) == {"accepted": 3000}
    assert len(seen) == 3000
    assert sum(times - 1 for times in seen.values()) <= CONNECTIONS


@pytest.mark.timeout(300)
def test_four_workers_share_a_sending(crashes: Crashes, tmp_path: Path) -> None:
    dispatch = crashes.house.start(audience(6000), terms=SendingTerms(values=OFFER))
    # Long enough that no lease ends while the machine is busy with something else.
    crashes.given["lease"] = 30
    others = [crashes.worker() for _ in range(3)]
    crashes.finish(dispatch)
    crashes.check(dispatch, 6000, tmp_path / "seen")
    assert {batch.epoch for batch in crashes.house.batches(dispatch)} == {1}
    for process in others:
        process.terminate()
