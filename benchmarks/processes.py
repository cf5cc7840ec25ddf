"""Child processes that end with us, and waiting for them to answer."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from app.kit.supervisor import die_with_parent

ROOT = Path(__file__).resolve().parent.parent


class Child:
    """A process with its log; ended, by SIGTERM first, when the block ends."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        descriptors: Sequence[int] = (),
        directory: Path = ROOT,
    ) -> None:
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=directory,
                stdout=file,
                stderr=file,
                pass_fds=descriptors,
                preexec_fn=die_with_parent,  # noqa: PLW1509 -- this process has no threads yet
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_for_http(url: str, seconds: float) -> None:
    """Wait until `url` answers at all. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=60):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    message = f"{url} does not answer."
    raise TimeoutError(message)
