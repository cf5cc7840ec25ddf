"""A worker of the queue `mail`, to be run in a process of its own.

It is the kit's RQ worker with our source; only the lease is short, so that a test need not wait long
for what a killed one held.
"""

from __future__ import annotations

import os
import signal
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app.kit.database.session import bind, make_engine
from app.kit.jobs import queues, worker
from app.kit.jobs.runner import SOURCES, Runner, WorkSource
from app.kit.signing import use_keys
from app.messages.engine.journal import Journal
from app.messages.jobs import recording, serving
from app.messages.jobs.recording import Terms

LEASE = 1.5


def main(given: dict[str, Any]) -> None:
    use_keys(["k" * 40])
    bind(make_engine(given["database"]))
    queues.bind(given["redis"])
    worker.POLL = 1
    runner = Runner("mail", app=application(given))  # type: ignore[arg-type]
    terms = Terms(
        runner.name,
        Path(given["folder"]),
        lease=timedelta(seconds=given.get("lease", LEASE)),
        retries=(0.2, 0.2, 0.2),
    )
    SOURCES._entries.clear()
    SOURCES.register(
        WorkSource("messages", partial(serving.drain, terms=terms), serving.due, "mail")
    )
    die_at(given.get("die_at", ""), given.get("after", 1))
    worker.run(runner.app, runner, given["redis"])


def application(given: dict[str, Any]) -> SimpleNamespace:
    """Make what a worker needs of an application."""
    config = SimpleNamespace(
        instance=given["folder"],
        public_url="http://127.0.0.1:8080",
        smtp_url=given["smtp"],
        mail_from="Shop <shop@example.com>",
    )
    return SimpleNamespace(config={"CRM": config}, app_context=nullcontext)


def die_at(point: str, after: int) -> None:
    """Have this process kill itself between two named lines, the `after`-th time it comes by."""
    if not point:
        return
    owner, name, before = {
        "before grant or record": (recording, "flush", True),
        "after grant or record": (recording, "flush", False),
        "after claim": (recording, "claim_next", False),
        "before load": (recording, "open_batch", True),
        "before starting": (Journal, "starting", True),
        "after starting": (Journal, "starting", False),
        "before reply noted": (Journal, "replied", True),
        "after reply noted": (Journal, "replied", False),
    }[point]
    original = getattr(owner, name)
    left = [after]

    def dying(*arguments: Any) -> Any:
        left[0] -= 1
        if before and not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments)
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)
