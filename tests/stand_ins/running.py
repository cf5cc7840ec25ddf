"""Starting a stand-in as a process of its own and asking it questions."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Forked from a process that has read their code: to read it takes a second, of each of hundreds.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.stand_ins.smtp_sink", "tests.stand_ins.twilio"])


class Running:
    """A stand-in process: `port` is where it serves, `ask` talks to its control port."""

    def __init__(self, port: int, control: int) -> None:
        self.port, self.control = port, control

    def ask(self, question: str) -> Any:
        with socket.create_connection(("127.0.0.1", self.control), 10) as line:
            line.sendall(question.encode() + b"\n")
            with line.makefile("rb") as answers:
                return json.loads(answers.readline())

    def rules(self, *rules: dict[str, Any]) -> None:
        self.ask("RULES " + json.dumps(rules))

    def set(self, **values: Any) -> None:
        self.ask("SET " + json.dumps(values))

    def stats(self) -> dict[str, Any]:
        return dict(self.ask("STATS"))

    def mails(self) -> list[dict[str, str]]:
        return list(self.ask("MAILS"))

    def seen(self, file: Path) -> dict[str, int]:
        """How often each recipient was written to."""
        self.ask(f"DUMP {file}")
        return dict(json.loads(file.read_text()))


@contextmanager
def running(module: str, *arguments: str) -> Iterator[Running]:
    """Run the stand-in `tests.stand_ins.<module>` on free ports until the block ends."""
    said, says = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_serve, args=(module, arguments, says), daemon=True)
    process.start()
    says.close()
    try:
        with os.fdopen(os.dup(said.fileno())) as lines:
            ports = lines.readline().split()
        if len(ports) < 2:
            process.join(5)
            raise RuntimeError(f"{module} did not start: exit code {process.exitcode}")
        yield Running(int(ports[0]), int(ports[1]))
    finally:
        process.kill()
        process.join()
        said.close()


def _serve(module: str, arguments: tuple[str, ...], says: Connection) -> None:
    """Be the stand-in; the first that it prints are its ports."""
    os.dup2(says.fileno(), 1)
    says.close()
    import_module(f"tests.stand_ins.{module}").run(["0", *arguments])
