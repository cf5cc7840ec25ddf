"""Twenty thousand emails by the worker of the product against a raw pipelined client."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from benchmarks.harness import Benchmark, Sides
from benchmarks.processes import Child
from benchmarks.stage import HOME, ROOT, Stage
from tests.stand_ins.running import Running, running

EMAILS = 20_000
CONNECTIONS = 8
DATABASE = "bench_mail"
PATIENCE = 300
RAW = ROOT / "benchmarks" / "reference" / "raw_smtp.py"
_STATES = """
select d.status, count(*) filter (where r.state = 'accepted')
  from dispatch d join dispatch_recipient r on r.dispatch_id = d.id
  where d.id = %s group by d.status"""


def _ours(stage: Stage, sink: Running) -> float:
    """Emails per second from the order to the last record."""
    sink.ask("RESET")
    began, number = _order(stage)
    deadline = time.monotonic() + PATIENCE
    while True:
        status = stage.ask(DATABASE, "select status from dispatch where id = %s", [number])[0][0]
        if status == "completed":
            break
        if time.monotonic() > deadline:
            message = f"The sending is {status} after {PATIENCE} s."
            raise RuntimeError(message)
        time.sleep(0.05)
    took = time.monotonic() - began
    recorded = stage.ask(DATABASE, _STATES, [number])[0][1]
    _check(sink, recorded)
    return EMAILS / took


def _order(stage: Stage) -> tuple[float, int]:
    printed = stage.run("benchmarks.loading", "mail", str(EMAILS), database=DATABASE)
    began, number = printed.split()[-2:]
    return float(began), int(number)


def _raw(sink: Running, size: int) -> float:
    sink.ask("RESET")
    command = [sys.executable, str(RAW), str(sink.port), str(EMAILS), str(CONNECTIONS), str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    _check(sink, EMAILS)
    return EMAILS / float(done.stdout)


def _check(sink: Running, recorded: int) -> None:
    stats = sink.stats()
    arrived = (stats["total"], stats["unique"], recorded)
    if arrived != (EMAILS, EMAILS, EMAILS):
        message = f"{arrived} arrived, arrived at different addresses and were recorded."
        raise RuntimeError(message)


@contextlib.contextmanager
def _worker(stage: Stage, sink: Running) -> Iterator[None]:
    config = replace(stage.config_for(DATABASE), instance=HOME / "mail")
    relay = f"smtp://127.0.0.1:{sink.port}?connections={CONNECTIONS}&per_connection=100000"
    environment = {**config.environment(), "SMTP_URL": relay, "MAIL_FROM": "shop@example.com"}
    command = [sys.executable, "-m", "app.kit.jobs.worker", "mail"]
    with Child(command, environment, HOME / "worker.log"):
        yield


def dispatch(stage: Stage, latency: int) -> Sides:
    """Give a relay that answers after `latency` ms, a worker, and the size of our mails."""
    stack = contextlib.ExitStack()
    sink = stack.enter_context(running("smtp_sink", str(latency), "1800"))
    stack.enter_context(stage.copy(DATABASE))
    stack.enter_context(_worker(stage, sink))
    # The first one wakes the worker up and shows how long a mail is.
    _ours(stage, sink)
    size = len(sink.mails()[-1]["data"])
    sink.set(keep=0)
    return Sides(lambda: _ours(stage, sink), lambda: _raw(sink, size), stack.close)


ALL = [
    Benchmark(
        "dispatch-email-0ms",
        "emails/s",
        "raw-smtp",
        0.1,
        at_most=False,
        prepare=partial(dispatch, latency=0),
    ),
    Benchmark(
        "dispatch-email-5ms",
        "emails/s",
        "raw-smtp",
        0.8,
        at_most=False,
        prepare=partial(dispatch, latency=5),
    ),
]
