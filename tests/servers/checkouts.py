"""A checkout in a directory of its own, and the processes that use its servers."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import redis

from config import plain_url

CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Person:
    """Who runs a process, and with which Python."""

    name: str
    python: str
    uid: int | None = None
    gid: int | None = None

    def as_me(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self) -> bool:
        with contextlib.suppress(OSError):
            command = [self.python, "-c", "import ctypes"]
            return not subprocess.run(command, cwd="/", check=False, **self.as_me()).returncode
        return False

    def can_read(self, path: Path) -> bool:
        test = ["test", "-r", path]
        return not subprocess.run(test, cwd="/", check=False, **self.as_me()).returncode


class Using:
    """A process that holds the servers of a checkout until it is told to leave."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.urls: dict[str, str] = {}

    def ready(self) -> "Using":
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate(timeout=30)[1])
        self.urls = json.loads(line)
        return self

    def refused(self) -> str:
        """Give what it said when it could not start."""
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 1, (output, errors)
        return errors

    def leave(self) -> None:
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def check(self) -> None:
        self.process.stdin.write("check\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "checked\n"

    def query(self, sql: str, *, url: str = "owner", role: str | None = "crm_owner") -> list[tuple]:
        connection = psycopg2.connect(plain_url(self.urls[url]))
        with contextlib.closing(connection), connection, connection.cursor() as cursor:
            if role:
                cursor.execute(f"SET ROLE {role}")
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def redis_answers(self) -> bool:
        with contextlib.closing(redis.Redis.from_url(self.urls["redis"])) as client:
            return bool(client.ping())


@dataclass
class Checkout:
    root: Path
    person: Person
    packages: Path
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def instance(self) -> Path:
        return self.root / "instance"

    def start(self, **environment: str) -> Using:
        """Start a process that uses the servers, without waiting for it."""
        paths = f"{self.root}:{self.packages}"
        process = subprocess.Popen(
            [self.person.python, "-B", "program.py"],
            cwd=self.root,
            env={**CLEAN, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self.person.as_me(),
        )
        self._processes.append(process)
        return Using(process)

    def use(self, **environment: str) -> Using:
        return self.start(**environment).ready()

    def processes(self) -> dict[str, psutil.Process]:
        """Give what of the servers runs: postgres, valkey-server and keeper."""
        found = {}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                directory, command = Path(process.cwd()), process.cmdline()
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if directory == self.instance / "postgres" and "-D" in command:
                    found["postgres"] = process
                elif directory == self.instance / "valkey":
                    found["valkey-server"] = process
                elif "app.kit.servers" in command and str(self.instance) in command:
                    found["keeper"] = process
        return found

    def end_everything(self) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for name, process in self.processes().items():
            with contextlib.suppress(psutil.Error):
                # Killed outright, PostgreSQL would leave its shared memory behind.
                process.send_signal(signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
                # Over, not buried: whoever buries what has lost its parent may take seconds.
                eventually(lambda process=process: is_over(process))
        shutil.rmtree(self.root, ignore_errors=True)


def is_over(process: psutil.Process) -> bool:
    """Tell whether it runs no more, whether or not somebody has asked how it ended."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until something holds, for as long as a loaded machine may need."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
