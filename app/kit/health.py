"""`/health`, `/ready` and `/metrics`: for load balancers and monitoring. No sign-in, no secrets.

`/health` says that this process answers. `/ready` names every dependency with its state and answers
503 when the process cannot work; a missing Redis, worker or tick is "degraded": pages still work.
What it names, and `/metrics`, are for who has METRICS_TOKEN and, in development, for this machine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cache
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.kit.database.session import work
from app.kit.jobs import queues
from app.kit.jobs.heartbeats import ALIVE
from app.kit.jobs.lease import SYSTEM

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)

OK, DEGRADED, FAILED = "ok", "degraded", "failed"
# What a proxy adds, also one that TRUSTED_PROXIES does not count.
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
# A job that should have begun so long ago means that too few workers run.
_LATE = 120.0

_BEATS = text(
    "select kind, queue, extract(epoch from now() - max(at)) age, count(*) alive"
    " from beat where at > now() - make_interval(secs => :alive) group by kind, queue"
)
_LAG = text("""
select queue, count(*) waiting, extract(epoch from now() - min(not_before)) lag
  from job where state = 'queued' and not_before <= now() group by queue
union all
select 'deliveries', count(*), extract(epoch from now() - min(not_before))
  from event_delivery where state = 'waiting' and not_before <= now()""")
_STATES = text("""
select state, count(*) n from job where state in ('queued', 'running') group by state
union all
select 'failed_last_day', count(*) from job
 where finished_at > now() - interval '1 day' and state = 'failed'""")
_DEAD = text("select count(*) from event_delivery where state = 'dead'")

Check = tuple[str, dict[str, Any]]


def init_app(app: Flask) -> None:
    """Add the three addresses."""
    app.register_blueprint(blueprint)


@blueprint.get("/health")
def health() -> Response:
    """Say that this process answers."""
    return jsonify(status=OK)


@blueprint.get("/ready")
def ready() -> tuple[Response, int]:
    """Say whether it works and, to whom it is for, what works and what does not."""
    checks = {"redis": _guarded(_redis)}
    try:
        with work(SYSTEM) as session:
            checks["database"] = OK, {}
            for name, check in _CHECKS.items():
                checks[name] = check(session)
    except SQLAlchemyError as error:
        log.warning("Not ready: %s", type(error).__name__)
        checks["database"] = FAILED, {"reason": "It does not answer or refuses."}
    states = {state for state, _ in checks.values()}
    status = next(state for state in (FAILED, DEGRADED, OK) if state in states)
    body = {name: {"state": state, **more} for name, (state, more) in checks.items()}
    said = {"status": status, **({"checks": body} if _may_look() else {})}
    return jsonify(said), 503 if status == FAILED else 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Give the figures of queues and processes to Prometheus."""
    if not _may_look():
        return Response("", 401, {"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_look() -> bool:
    """Say whether the caller has the token or, in development, is on this machine.

    In production something stands before us, and then every caller seems to be: only the token
    counts.
    """
    config = current_app.config["CRM"]
    if config.metrics_token and request.authorization is not None:
        given = request.authorization.token or ""
        return compare_digest(given.encode(), config.metrics_token.encode())
    return not config.production and not config.trusted_proxies and _is_local()


def _is_local() -> bool:
    if any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _guarded(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (RedisError, OSError):
        return DEGRADED, {"reason": "It does not answer."}


def _redis() -> Check:
    client = queues.client()
    if client is None:
        return DEGRADED, {"reason": "None is configured."}
    client.ping()
    return OK, {}


def _migrations(session: Session) -> Check:
    found = session.execute(text("select crm_schema_version()")).scalar()
    head = _head(str(Path(current_app.root_path).parent / "migrations"))
    if found == head:
        return OK, {}
    return FAILED, {"reason": "The database is at another version than the program."}


@cache
def _head(directory: str) -> str | None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - not for the start of a process

    return ScriptDirectory(directory).get_current_head()


def _tick(session: Session) -> Check:
    for row in session.execute(_BEATS, {"alive": ALIVE}):
        if row.kind == "tick":
            return OK, {"seconds_ago": round(row.age)}
    return DEGRADED, {"reason": "No tick runs."}


def _workers(session: Session) -> Check:
    rows = session.execute(_BEATS, {"alive": ALIVE})
    alive = {row.queue for row in rows if row.kind == "worker"}
    missing = [queue for queue in queues.QUEUES if queue not in alive]
    return (DEGRADED, {"missing": missing}) if missing else (OK, {})


def _lag(session: Session) -> Check:
    lags = {row.queue: round(row.lag) for row in session.execute(_LAG) if row.waiting}
    late = any(lag > _LATE for lag in lags.values())
    return DEGRADED if late else OK, {"seconds": lags}


_CHECKS: dict[str, Callable[[Session], Check]] = {
    "migrations": _migrations,
    "tick": _tick,
    "workers": _workers,
    "queues": _lag,
}


class _Figures(Collector):
    """Read from the database when asked: every process gives the same figures."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("crm_database_up", "1 when the database answers")
        try:
            with work(SYSTEM) as session:
                families = list(_families(session))
        except SQLAlchemyError:
            families = []
        up.add_metric([], 1 if families else 0)
        yield up
        yield from families


def _families(session: Session) -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("crm_queue_waiting", "Work that could begin now", labels=["queue"])
    lag = GaugeMetricFamily("crm_queue_lag_seconds", "Age of the oldest of it", labels=["queue"])
    for row in session.execute(_LAG):
        waiting.add_metric([row.queue], row.waiting)
        lag.add_metric([row.queue], float(row.lag or 0))
    jobs = GaugeMetricFamily("crm_jobs", "Jobs by state", labels=["state"])
    for row in session.execute(_STATES):
        jobs.add_metric([row.state], row.n)
    dead = GaugeMetricFamily("crm_deliveries_dead", "Event deliveries that were given up")
    dead.add_metric([], session.execute(_DEAD).scalar_one())
    alive = GaugeMetricFamily("crm_processes", "Living processes", labels=["kind", "queue"])
    for row in session.execute(_BEATS, {"alive": ALIVE}):
        alive.add_metric([row.kind, row.queue], row.alive)
    yield from (waiting, lag, jobs, dead, alive)
