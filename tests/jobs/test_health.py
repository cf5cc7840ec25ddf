"""`/health`, `/ready` and `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit import health
from app.kit.database import session as database
from app.kit.database.session import make_engine
from app.kit.events import emit, on
from app.kit.jobs import defer, job, queues
from config import Config
from tests.jobs.house import House


@job("bulk")
def nothing(session):
    pass


@pytest.fixture
def client(house: House) -> Iterator[FlaskClient]:
    app = Flask("app")
    app.config["CRM"] = Config()
    health.init_app(app)
    with app.test_client() as made:
        yield made


@pytest.fixture(autouse=True)
def _at_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_head", lambda _directory: None)


def beat(house: House, kind: str, queue: str = "", ago: int = 0) -> None:
    sql = text(
        "insert into beat (name, kind, queue, at)"
        " values (:kind || :queue, :kind, :queue, now() - make_interval(secs => :ago))"
    )
    with database.work(house_system(), on=house.engine) as session:
        session.execute(sql, {"kind": kind, "queue": queue, "ago": ago})


def house_system():
    from tests.jobs.house import SYSTEM

    return SYSTEM


def test_health_needs_nothing(client, house):
    database.bind(make_engine("postgresql://nobody@/nowhere?host=/nowhere"))
    assert client.get("/health").json == {"status": "ok"}


def test_ready_is_ok_when_everything_runs(client, house):
    beat(house, "tick")
    for queue in queues.QUEUES:
        beat(house, "worker", queue)
    answer = client.get("/ready")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert set(answer.json["checks"]) == {
        "database",
        "migrations",
        "redis",
        "tick",
        "workers",
        "queues",
    }


def test_a_missing_tick_worker_and_redis_degrade_and_do_not_fail(client, house, own_redis):
    beat(house, "tick", ago=300)
    beat(house, "worker", "mail")
    own_redis.kill()
    answer = client.get("/ready")
    states = {name: check["state"] for name, check in answer.json["checks"].items()}
    assert answer.status_code == 200
    assert states == {
        "database": "ok",
        "migrations": "ok",
        "redis": "degraded",
        "tick": "degraded",
        "workers": "degraded",
        "queues": "ok",
    }
    assert "mail" not in answer.json["checks"]["workers"]["missing"]


def test_work_that_waits_too_long_degrades(client, house):
    with house.company() as session:
        defer(session, f"{__name__}.nothing")
        session.execute(text("update job set not_before = now() - interval '1 hour'"))
    check = client.get("/ready").json["checks"]["queues"]
    assert check["state"] == "degraded"
    assert 3590 < check["seconds"]["bulk"] < 3700


def test_another_version_of_the_database_fails(client, monkeypatch):
    monkeypatch.setattr(health, "_head", lambda _directory: "newer")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["migrations"]["state"] == "failed"


def test_a_database_that_is_gone_fails_and_tells_no_address(client, house):
    database.bind(make_engine("postgresql://nobody:secret@/nowhere?host=/nowhere"))
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"]["state"] == "failed"
    assert "secret" not in answer.text
    assert "nowhere" not in answer.text
    assert "crm_database_up 0.0" in client.get("/metrics").text


def test_metrics_count_what_waits_and_what_died(client, house):
    on("house.metric", name="house.metric")(lambda _session, _happened: None)
    with house.company() as session:
        defer(session, f"{__name__}.nothing")
        defer(session, f"{__name__}.nothing")
        emit(session, "house.metric")
        session.execute(text("update event_delivery set state = 'dead'"))
    beat(house, "tick")
    found = client.get("/metrics").text
    assert 'crm_queue_waiting{queue="bulk"} 2.0' in found
    assert 'crm_jobs{state="queued"} 2.0' in found
    assert "crm_deliveries_dead 1.0" in found
    assert 'crm_processes{kind="tick",queue=""} 1.0' in found


TOKEN = "a-token-of-monitoring"


def may_look(client: FlaskClient, **request: object) -> tuple[bool, int]:
    """Say whether a caller reads the details of /ready, and what /metrics answers."""
    return "checks" in client.get("/ready", **request).json, client.get(
        "/metrics", **request
    ).status_code


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"]
)
def test_what_a_proxy_passes_on_is_not_local(client, name):
    assert may_look(client) == (True, 200)
    assert may_look(client, headers={name: "127.0.0.1"}) == (False, 401)


def test_another_machine_is_told_the_status_and_no_more(client):
    elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
    assert may_look(client, environ_base=elsewhere) == (False, 401)
    assert set(client.get("/ready", environ_base=elsewhere).json) == {"status"}
    assert client.get("/health", environ_base=elsewhere).json == {"status": "ok"}


def test_behind_a_proxy_and_in_production_nobody_is_local(client):
    for values in ({"production": True}, {"trusted_proxies": 1}):
        client.application.config["CRM"] = Config(**values)
        assert may_look(client) == (False, 401)


@pytest.mark.parametrize("production", [True, False])
def test_the_token_opens_the_figures_from_anywhere(client, *, production):
    client.application.config["CRM"] = Config(production=production, metrics_token=TOKEN)
    there = {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}
    assert may_look(client, headers={"Authorization": f"Bearer {TOKEN}"}, **there) == (True, 200)
    for wrong in (f"Bearer {TOKEN}x", "Bearer", "Bearer ñ", f"Basic {TOKEN}", TOKEN):
        assert may_look(client, headers={"Authorization": wrong}, **there) == (False, 401)
