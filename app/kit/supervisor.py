"""Runs several programs as one.

Starts again what dies, ends all when told to, and leaves nothing behind.

`app.serve` says which programs make up the product.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import psutil

PR_SET_PDEATHSIG = 1
# Loaded before any fork: between fork and exec hardly anything is safe.
_LIBC = ctypes.CDLL(None)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
# A program that lived as long as this was healthy: its next death is a first one again.
HEALTHY_AFTER = 20.0
LOOK_EVERY = 0.1
CHECK_EVERY = 0.5


@dataclass(frozen=True)
class Program:
    """One command to keep running. `descriptors` are open files that it inherits.

    With `delay` it is first started when the others are ready, or after so many seconds.
    """

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()
    delay: float = 0.0


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0


@dataclass
class Supervisor:
    """Keeps `programs` running until SIGINT, SIGTERM or SIGHUP.

    `check` is called twice a second: what else must live, such as the servers. `ready` says whether
    those with a delay may begin. `patience` is how many seconds a program gets to finish what it is
    doing; a second signal ends it at once.
    """

    programs: Sequence[Program]
    environment: Mapping[str, str]
    check: Callable[[], None] = lambda: None
    ready: Callable[[], bool] = lambda: True
    patience: float = 25.0
    _children: list[_Child] = field(default_factory=list)
    _signals: int = 0

    def run(self) -> None:
        """Start everything, and return when everything has ended. Call it from the main thread.

        (The system tells a child of its parent's death when the thread dies that started it.)
        """
        # A terminal that closes must not end what was started with nohup.
        keep = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
        before = {number: signal.signal(number, self._note) for number in _ENDING - keep}
        self._children = [_Child(program) for program in self.programs]
        try:
            self._keep_running()
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _keep_running(self) -> None:
        checked_at = time.monotonic()
        for child in self._children:
            child.start_at = checked_at + child.program.delay
            self._look_after(child)
        while not self._signals:
            time.sleep(LOOK_EVERY)
            if time.monotonic() - checked_at >= CHECK_EVERY:
                self._check()
                checked_at = time.monotonic()
            for child in self._children:
                self._look_after(child)

    def _check(self) -> None:
        try:
            self.check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the programs must go on and it is tried again
            _say(f"check failed: {error}")

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            is_first = not child.deaths and self.ready()
            if (now >= child.start_at or is_first) and not self._signals:
                self._start(child)
            return
        status = child.process.poll()
        if status is None:
            return
        # What it left (a job's process, a web worker) would work beside its successor.
        end_session(child.process.pid)
        child.process = None
        self._try_later(child, _how(status))

    def _try_later(self, child: _Child, what_happened: str) -> None:
        now = time.monotonic()
        child.deaths = 1 if now - child.started_at > HEALTHY_AFTER else child.deaths + 1
        pause = min(FIRST_PAUSE * 2 ** (child.deaths - 1), LONGEST_PAUSE)
        child.start_at = now + pause
        _say(f"{child.program.name} {what_happened}; starting it again in {pause:g} s")

    def _start(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        try:
            child.process = subprocess.Popen(
                child.program.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=child.program.descriptors,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - no threads here
            )
        except OSError as error:
            # No memory or no process left just now: the others must not end for that.
            self._try_later(child, f"could not be started ({error.strerror})")

    def _stop(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline, signals = time.monotonic() + self.patience, self._signals
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self._signals > signals:
                break
            time.sleep(0.02)
        for process in running:
            end_session(process.pid)
            process.wait()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1


_ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def end_session(leader: int) -> None:
    """Kill every process of a session.

    A worker's job may have left the process group, not the session.
    """
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def die_with_parent() -> None:
    """Have the system send this process SIGTERM when its parent dies, even by kill -9 (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        die_with_parent()
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child


def _how(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _say(text: str) -> None:
    print(f"[supervisor] {text}", file=sys.stderr, flush=True)
