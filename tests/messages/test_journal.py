"""The journal of a dispatcher, and what it knows after kill -9."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.messages.engine import journal as journal_file
from app.messages.engine.journal import Facts, Journal, TakenOver, host_id, read_facts, remove
from tests.stand_ins.running import ROOT, Running

_SENDER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from app.messages.engine.journal import Journal
from app.messages.engine.smtp import SmtpPool, SmtpUrl, outgoing

async def main(port, folder):
    journal = Journal(Path(folder), "7-1", 1)
    url = replace(SmtpUrl.parse(f"smtp://127.0.0.1:{port}", trusted=True), connections=4)
    result = lambda message, result: journal.replied(message.key, result.code)
    async with SmtpPool(url, lambda message: journal.starting(message.key), result) as pool:
        for key in range(5000):
            pool.put(outgoing(key, "a@example.com", f"{key}@example.com", b"Subject: x\\r\\n\\r\\nx\\r\\n"))

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


def test_says_what_was_started_and_what_was_answered(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1-1", 1)
    for ord_ in (1, 2, 3):
        journal.starting(ord_)
    journal.replied(1, 250)
    journal.replied(3, 550)
    journal.close()
    facts = read_facts(tmp_path, "1-1", 2)
    assert facts == Facts({1, 2, 3}, {1: 250, 3: 550})
    assert facts.unanswered == {2}


def test_joins_all_earlier_owners_and_no_later_one(tmp_path: Path) -> None:
    for epoch in (1, 2, 4):
        journal = Journal(tmp_path, "1-1", epoch)
        journal.starting(epoch * 10)
        journal.close()
    assert read_facts(tmp_path, "1-1", 4) == Facts({10, 20}, {})


def test_a_torn_last_record_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1-1", 1)
    journal.starting(1)
    journal.starting(2)
    journal.close()
    whole = journal.path.read_bytes()
    for torn in (whole[:21], whole[:22] + bytes(50)):
        journal.path.write_bytes(torn)
        assert read_facts(tmp_path, "1-1", 2) == Facts({1}, {})


def test_grows_when_more_is_written_than_was_expected(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1-1", 1, records=10)
    for ord_ in range(1, 501):
        journal.starting(ord_)
    assert read_facts(tmp_path / "elsewhere", "1-1", 2) == Facts()
    journal.close()
    assert read_facts(tmp_path, "1-1", 2) == Facts(set(range(1, 501)), {})


def test_a_living_owner_begins_nothing_after_it_was_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "1-1", 1)
    for ord_ in (1, 2):
        journal.starting(ord_)
    journal.replied(1, 250)
    assert read_facts(tmp_path, "1-1", 2) == Facts({1, 2}, {1: 250})
    journal.replied(2, 250)
    for ord_ in (3, 4):
        with pytest.raises(TakenOver):
            journal.starting(ord_)
    facts = read_facts(tmp_path, "1-1", 2)
    assert (facts.answers, facts.unanswered) == ({1: 250, 2: 250, 3: 0, 4: 0}, set())


def test_an_owner_is_stopped_before_its_first_message_and_after_it_took_more_room(
    tmp_path: Path,
) -> None:
    for begun in (0, 500):
        journal = Journal(tmp_path, f"1-{begun}", 1, records=10)
        for ord_ in range(1, begun + 1):
            journal.starting(ord_)
        assert len(read_facts(tmp_path, f"1-{begun}", 2).started) == begun
        with pytest.raises(TakenOver):
            journal.starting(begun + 1)


def test_what_begins_is_written_before_it_is_looked_whether_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[set[int]] = []

    class Room(mmap.mmap):
        def __getitem__(self, at: Any) -> Any:
            # Whoever takes over at this very moment finds it in the file.
            looked.append(read_facts(tmp_path, "1-1", 2).started)
            return super().__getitem__(at)

    monkeypatch.setattr(journal_file, "mmap", SimpleNamespace(mmap=Room))
    journal = Journal(tmp_path, "1-1", 1)
    with pytest.raises(TakenOver):
        journal.starting(7)
    assert looked == [{7}]


def test_a_finished_batch_is_forgotten(tmp_path: Path) -> None:
    for batch in ("1-1", "1-2"):
        journal = Journal(tmp_path, batch, 1)
        journal.starting(1)
        journal.close()
    remove(tmp_path, "1-1", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["1-2.1"]


def test_the_host_keeps_its_name_until_it_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = host_id(tmp_path)
    assert host_id(tmp_path) == name
    assert host_id(tmp_path / "other") != name
    boot = tmp_path / "boot"
    boot.write_text("another start\n")
    monkeypatch.setattr(journal_file, "_BOOT_FILE", boot)
    assert host_id(tmp_path) != name
    assert host_id(tmp_path) == host_id(tmp_path)


def test_after_kill_9_the_journal_agrees_with_the_relay(sink: Running, tmp_path: Path) -> None:
    sink.set(latency_ms=3)
    folder = tmp_path / "journal"
    sender = subprocess.Popen(
        [sys.executable, "-c", _SENDER, str(sink.port), str(folder)], cwd=ROOT
    )
    deadline = time.monotonic() + 20
    while sink.stats()["total"] < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(sender.pid, signal.SIGKILL)
    assert sender.wait() == -signal.SIGKILL
    time.sleep(0.2)  # what had left may still be arriving
    facts = read_facts(folder, "7-1", 2)
    arrived = {int(address.partition("@")[0]) for address in sink.seen(tmp_path / "seen")}
    assert len(facts.answers) >= 50
    assert set(facts.answers.values()) == {250}
    assert facts.answers.keys() <= arrived <= facts.started
    assert len(facts.unanswered) <= 4
