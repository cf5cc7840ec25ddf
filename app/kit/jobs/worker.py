"""`python -m app.kit.jobs.worker QUEUE`: one process of RQ that serves one queue.

RQ brings the wake-ups. Without Redis, and once in a while with it, the worker looks by itself.
"""

from __future__ import annotations

import argparse
import logging
import signal
import time
from types import FrameType
from typing import Any

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from app.kit.jobs import queues
from app.kit.jobs.heartbeats import Heart
from app.kit.jobs.runner import Runner, serve

log = logging.getLogger(__name__)

# Seconds between looks without being told.
POLL = 4


class WakeWorker(SimpleWorker):  # type: ignore[misc]  # RQ's attributes are partly untyped
    """RQ's worker without remote commands and without giving up when Redis does not answer."""

    dequeue_timeout = POLL
    # A Redis that hangs must not keep us from PostgreSQL for long.
    connection_timeout = POLL + 2

    def __init__(self, runner: Runner, connection: Redis) -> None:
        super().__init__(
            [runner.queue], connection=connection, serializer=JSONSerializer, worker_ttl=60
        )
        self.runner = runner
        self.listening = False

    def subscribe(self) -> None:
        """Take no commands over Redis: whoever can write there could stop us."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def _install_signal_handlers(self) -> None:
        """Leave the signals to the process: RQ's would interrupt a job of PostgreSQL's."""

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> Any:
        """Wait for a wake-up; look by ourselves whenever none came. Raises what Redis raises."""
        while not self.runner.stopping():
            self.heartbeat()
            self.listening = True
            try:
                return self.queue_class.dequeue_any(
                    self._ordered_queues,
                    POLL,
                    connection=self.connection,
                    job_class=self.job_class,
                    serializer=self.serializer,
                    death_penalty_class=self.death_penalty_class,
                )
            except DequeueTimeout:
                self.listening = False
                self.runner.drain()
            finally:
                self.listening = False
        raise StopRequested


class Process:
    """The worker process: keeps an RQ worker going and PostgreSQL served while there is none."""

    def __init__(self, runner: Runner, redis_url: str) -> None:
        self.runner = runner
        self._redis_url = redis_url
        self._worker: WakeWorker | None = None

    def run(self) -> None:
        """Serve until `runner.stop()`, whatever Redis and PostgreSQL do meanwhile."""
        serve(self.runner)
        heart = Heart(self.runner.name, "worker", self.runner.queue)
        heart.start()
        while not self.runner.stopping():
            self._look()
            self._listen()
        heart.leave()

    def handle_signal(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop after the present job; at once while waiting for a wake-up."""
        self.runner.stop()
        if self._worker is not None and self._worker.listening:
            raise StopRequested

    def _look(self) -> None:
        try:
            self.runner.drain()
        except SQLAlchemyError as error:
            log.warning("PostgreSQL does not answer: %s", type(error).__name__)
            self._rest()

    def _listen(self) -> None:
        try:
            connection = queues.connect(self._redis_url, timeout=POLL + 2)
            self._worker = WakeWorker(self.runner, connection)
            # Ends when Redis fails, when a job of RQ's does, or when asked to.
            self._worker.work(logging_level="WARNING")
        except StopRequested:
            return
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer (%s); looking by ourselves.", type(error).__name__)
        finally:
            self._worker = None
        self._rest()

    def _rest(self) -> None:
        until = time.monotonic() + 1
        while not self.runner.stopping() and time.monotonic() < until:
            time.sleep(0.05)


def run(app: Flask | None, runner: Runner, redis_url: str) -> None:
    """Serve the runner's queue until SIGTERM or SIGINT."""
    process = Process(runner, redis_url)
    signal.signal(signal.SIGTERM, process.handle_signal)
    signal.signal(signal.SIGINT, process.handle_signal)
    runner.app = app
    logging.getLogger("rq").setLevel(logging.ERROR)
    process.run()


def main() -> None:
    """Run the worker of one queue of an installation."""
    from app import create_app  # noqa: PLC0415 -- the parts register jobs and subscribers

    parser = argparse.ArgumentParser(description="Serve one queue.")
    parser.add_argument("queue", choices=queues.QUEUES)
    queue = parser.parse_args().queue
    app = create_app()
    run(app, Runner(queue), app.config["CRM"].redis_url)


if __name__ == "__main__":
    main()
