"""Starting, recognising and ending the server processes."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from app.kit.servers.directories import Account

# Popen warns about a process that it forgets while it still runs; a server outlives its starter on
# purpose.
_started: list[subprocess.Popen[bytes]] = []


def spawn(
    command: Sequence[str | os.PathLike[str]],
    *,
    directory: Path,
    log: Path,
    account: Account | None = None,
) -> int:
    """Start a server in `directory` with a session of its own, so that Ctrl-C does not reach it.

    The directory is entered before the account is taken on: it may lie below a home that is closed
    to it.
    """
    with private_log(log) as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **as_account(account),
        )
    _started.append(process)
    return process.pid


def private_log(path: Path, *, anew: bool = False) -> BinaryIO:
    """Open a log that nobody but its owner reads, also one that an earlier version left open."""
    start = os.O_TRUNC if anew else os.O_APPEND
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | start, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def as_account(account: Account | None) -> dict[str, Any]:
    """Give the arguments that make `subprocess` run something as `account`."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def environment() -> dict[str, str]:
    """Nothing of the caller's environment reaches the servers.

    PGPORT or LANG=C would change them.
    """
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def runs_in(pid: int, directory: Path) -> bool:
    """Tell whether `pid` is alive with `directory` as its own.

    A number alone may have been reused.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).samefile(directory)
    except (psutil.Error, OSError):
        return False


def is_alive(pid: int) -> bool:
    """Tell whether `pid` still runs, burying it if it was a child of ours."""
    for process in list(_started):
        if process.pid == pid and process.poll() is not None:
            _started.remove(process)
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def end(pid: int, signals: Sequence[signal.Signals], *, patience: float) -> None:
    """Send one signal after the other, each `patience` seconds apart, until the process is gone."""
    for number in (*signals, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_for(lambda: not is_alive(pid), patience):
            return


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds; False when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def tail(log: Path, lines: int = 15) -> str:
    """Give the end of a log for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
