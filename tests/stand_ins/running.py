"""Starting a stand-in as a process of its own and asking it questions."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A stand-in process: `port` is where it serves, `ask` talks to its control port."""

    def __init__(self, process: subprocess.Popen[str], port: int, control: int) -> None:
        self.process, self.port, self.control = process, port, control

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
    command = [sys.executable, "-m", f"tests.stand_ins.{module}", "0", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split()
        if len(line) < 2:
            raise RuntimeError(f"{module} did not start: exit code {process.wait(5)}")
        yield Running(process, int(line[0]), int(line[1]))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
