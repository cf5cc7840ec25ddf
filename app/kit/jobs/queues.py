"""Telling workers that there is work. It may get lost: the rows in PostgreSQL are the queue.

A wake-up is one entry in RQ. While one waits to be taken, further ones are left out: the worker
removes the mark before it looks, so it sees whatever was committed by then (one SET instead of 70
commands).
"""

from __future__ import annotations

import logging
import time

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from app.kit.database.session import after_commit

log = logging.getLogger(__name__)

# One worker process each: a worker on several queues loses entries when it is killed.
QUEUES = ("default", "events", "mail", "sms", "bulk")

WAKE = "app.kit.jobs.runner.wake"
# A lost wake-up blocks others for this long at most; the tick's own period.
_MARK_SECONDS = 5
# A request waits this long for Redis, and then nobody does for a while.
_PATIENCE = 0.25
_PAUSE = 2.0

# More waiting entries than this bring nothing: each finds everything there is.
_ENOUGH = 8

_client: Redis | None = None
_quiet_until = 0.0


def bind(url: str | None) -> None:
    """Name the Redis of this process; None for none, then only the tick finds work."""
    global _client, _quiet_until  # noqa: PLW0603 -- one Redis a process, set when it starts
    _client = None if url is None else connect(url)
    _quiet_until = 0.0


def connect(url: str, *, timeout: float = _PATIENCE) -> Redis:
    """Return a client that gives up soon and does not try again by itself."""
    return Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


def client() -> Redis | None:
    """Return the client of this process, None where no Redis was named."""
    return _client


def wake_after_commit(session: Session, queue: str) -> None:
    """Wake the worker of `queue` once the session's transaction is safe."""
    waiting = session.info.get("effects", ())
    # A savepoint that takes this one back would have taken ours back too.
    if (wake, (queue,)) not in waiting[-8:]:
        after_commit(session, wake, queue)


def wake(queue: str) -> bool:
    """Wake the worker of `queue`; never raises nor waits long. Return whether Redis took it."""
    global _quiet_until  # noqa: PLW0603 -- as above
    if _client is None or time.monotonic() < _quiet_until:
        return False
    try:
        if _client.set(_mark(queue), 1, nx=True, ex=_MARK_SECONDS):
            _enqueue(_client, queue)
    except (RedisError, OSError) as error:
        _quiet_until = time.monotonic() + _PAUSE
        log.warning("Redis does not answer (%s); the tick will find the work.", error)
        return False
    return True


def wake_taken(queue: str) -> None:
    """Let the next wake-up through. A worker calls this before it looks for work."""
    if _client is None:
        return
    try:
        _client.delete(_mark(queue))
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer (%s).", error)


def _mark(queue: str) -> str:
    return f"tresen:awake:{queue}"


def _enqueue(connection: Redis, queue: str) -> None:
    rq_queue = Queue(queue, connection=connection, serializer=JSONSerializer)
    # No result is kept, and no timeout: jobs have their own.
    if rq_queue.count >= _ENOUGH:
        return
    rq_queue.enqueue_call(
        WAKE, args=(queue,), timeout=-1, result_ttl=0, failure_ttl=60, ttl=60, description=WAKE
    )
