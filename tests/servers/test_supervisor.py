"""The supervisor over real processes: restarts, signals, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.checkouts import eventually

ROOT = Path(__file__).resolve().parents[2]
# A run under nohup ignores SIGHUP and hands that on; the supervisor respects it, the test must not.
SUPERVISE = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from app.kit.supervisor import Program, Supervisor
programs = [Program(str(n), [sys.executable, "-c", code]) for n, code in enumerate(sys.argv[2:])]
def check():
    print("check", flush=True)
    if os.path.exists("fail"):
        raise RuntimeError("the servers are gone")
Supervisor(programs, os.environ, check=check, patience=float(sys.argv[1])).run()
print("over", flush=True)
"""
# Each program notes its process number, and those of what it starts, in a file of the test.
NOTE = "import os, sys, time, signal; print(os.getpid(), file=open('pids', 'a'), flush=True);"
SLEEP = NOTE + "time.sleep(600)"
# As RQ's work horse: a child that leaves the process group.
WITH_CHILD = (
    "import os\nif os.fork() == 0: os.setpgrp()\n"
    + NOTE
    + "signal.signal(signal.SIGTERM, signal.SIG_DFL if os.getpid() == os.getsid(0) else signal.SIG_IGN);"
    + "time.sleep(600)"
)
# What counts on a handler notes itself when that is in place.
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + NOTE + "time.sleep(600)"
)


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(*programs, patience=10.0):
        with (tmp_path / "out").open("w") as output, (tmp_path / "err").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, str(patience), *programs],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=errors,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
    for pid in _pids(tmp_path):
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)


def _pids(folder):
    path = folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def _alive(folder):
    return [pid for pid in _pids(folder) if _lives(pid)]


def _lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for(folder, number):
    assert eventually(lambda: len(_alive(folder)) == number, 60), _pids(folder)


def test_what_dies_is_started_again_and_said(supervise, tmp_path):
    supervise(SLEEP, SLEEP)
    _wait_for(tmp_path, 2)
    killed = _pids(tmp_path)[0]
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: len(_pids(tmp_path)) == 3)
    assert len(_alive(tmp_path)) == 2
    assert "was ended by SIGKILL; starting it again in 0.5 s" in (tmp_path / "err").read_text()


def test_what_keeps_dying_is_started_ever_more_rarely(supervise, tmp_path):
    supervise(NOTE + "sys.exit(3)")
    assert eventually(lambda: "again in 2 s" in (tmp_path / "err").read_text())
    said = (tmp_path / "err").read_text()
    assert [f"again in {pause} s" in said for pause in ("0.5", "1", "2")] == [True] * 3
    assert "ended with status 3" in said


@pytest.mark.parametrize(("ready", "delay"), [("os.path.exists('pids')", 600), ("False", 1)])
def test_a_program_with_a_delay_waits_for_the_others_and_not_for_ever(tmp_path, ready, delay):
    script = (
        "import os, sys\n"
        "from app.kit.supervisor import Program, Supervisor\n"
        "first = Program('first', [sys.executable, '-c', sys.argv[1]])\n"
        f"second = Program('second', [sys.executable, '-c', sys.argv[1]], delay={delay})\n"
        f"Supervisor([second, first], os.environ, ready=lambda: {ready}).run()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", script, SLEEP], cwd=tmp_path, env=environment)
    try:
        _wait_for(tmp_path, 2)
        first, second = (psutil.Process(pid).create_time() for pid in _pids(tmp_path))
        assert second - first >= (1 if ready == "False" else 0)
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert _alive(tmp_path) == []


def test_a_command_that_is_missing_is_said_and_ends_no_other(tmp_path):
    script = (
        "import os, sys, threading, signal\n"
        "from app.kit.supervisor import Program, Supervisor\n"
        "threading.Timer(2, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "sleeps = Program('sleeps', [sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "Supervisor([Program('gone', ['/nowhere/at/all']), sleeps], os.environ).run()\n"
        "print('over')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "over\n"), done.stderr
    assert "gone could not be started (No such file or directory)" in done.stderr


def test_what_a_dead_program_left_is_ended_before_its_successor(supervise, tmp_path):
    supervise(WITH_CHILD)
    _wait_for(tmp_path, 2)
    leader = next(pid for pid in _pids(tmp_path) if os.getsid(pid) == pid)
    before = _pids(tmp_path)
    os.kill(leader, signal.SIGKILL)
    assert eventually(lambda: len(_pids(tmp_path)) == 4)
    assert not set(before) & set(_alive(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_programs_and_what_they_started(supervise, tmp_path, number):
    process = supervise(SLEEP, WITH_CHILD)
    _wait_for(tmp_path, 3)
    process.send_signal(number)
    assert process.wait(20) == 0
    assert _alive(tmp_path) == []
    assert (tmp_path / "out").read_text().endswith("over\n")


def test_a_program_may_finish_what_it_is_doing(supervise, tmp_path):
    finish = (
        "import signal, sys, time; signal.signal(signal.SIGTERM,"
        " lambda *_: (time.sleep(1), open('done', 'w'), sys.exit()));" + NOTE + "time.sleep(600)"
    )
    process = supervise(finish)
    _wait_for(tmp_path, 1)
    process.terminate()
    assert process.wait(20) == 0
    assert (tmp_path / "done").exists()


def test_who_does_not_end_in_time_is_killed(supervise, tmp_path):
    process = supervise(STUBBORN, patience=0.5)
    _wait_for(tmp_path, 1)
    process.terminate()
    assert process.wait(20) == 0
    assert _alive(tmp_path) == []


def test_a_second_signal_does_not_wait(supervise, tmp_path):
    process = supervise(STUBBORN, patience=600)
    _wait_for(tmp_path, 1)
    process.terminate()
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    assert process.wait(20) == 0
    assert _alive(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_kill_9_of_the_supervisor_leaves_no_orphans(supervise, tmp_path):
    process = supervise(SLEEP, SLEEP)
    _wait_for(tmp_path, 2)
    process.kill()
    process.wait()
    assert eventually(lambda: _alive(tmp_path) == [])


def test_a_check_that_fails_is_said_and_tried_again(supervise, tmp_path):
    supervise(SLEEP)
    (tmp_path / "fail").touch()
    assert eventually(
        lambda: (tmp_path / "err").read_text().count("check failed: the servers are gone") > 1
    )
    assert len(_alive(tmp_path)) == 1
