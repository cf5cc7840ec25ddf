"""A database that was started anew: whoever asks meanwhile is told to ask again, then it works."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, NullPool, event

from app.kit.database import session as sessions
from app.kit.database.session import engine
from tests.screens.test_rest import BRANDS, add

END = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and usename = current_user"
)


def apart() -> Engine:
    """The same database by connections of their own."""
    url = engine().url.render_as_string(hide_password=False)
    return sessions.make_engine(url, poolclass=NullPool)


@pytest.fixture
def end_all(client: FlaskClient, everything: None) -> Callable[[], None]:
    """End every connection of the pool, as a restart does."""

    def end() -> None:
        with apart().connect() as connection:
            connection.exec_driver_sql(END)

    add("Daiwa")
    assert client.get(f"{BRANDS}/").status_code == 200
    return end


def test_a_connection_that_lay_unused_is_asked_before_it_is_used(
    client: FlaskClient, end_all: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_IDLE", 0.0)
    end_all()
    assert client.get(f"{BRANDS}/").status_code == 200


def test_whoever_asks_in_that_moment_is_told_to_ask_again(
    client: FlaskClient, end_all: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_IDLE", 3600.0)
    end_all()
    answer = client.get(f"{BRANDS}/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["detail"].startswith("The database does not answer just now.")
    assert client.get(f"{BRANDS}/").status_code == 200
    end_all()
    page = client.get("/bench-brands/list/")
    assert page.status_code == 503
    assert "The database does not answer just now." in page.text
    assert client.get("/bench-brands/list/").status_code == 200


def test_what_breaks_at_the_commit_is_not_said_to_be_unsaved(
    app: Flask, client: FlaskClient, end_all: Callable[[], None]
) -> None:
    """The connection ends between the last statement and the commit."""
    ended = []

    @event.listens_for(sessions.Session, "before_commit")
    def end(session: sessions.Session) -> None:
        if ended or session.in_nested_transaction():
            return
        ended.append(True)
        pid = session.connection().exec_driver_sql("select pg_backend_pid()").scalar_one()
        with apart().connect() as other:
            other.exec_driver_sql(f"select pg_terminate_backend({pid})")
        time.sleep(0.05)

    try:
        answer = client.post(BRANDS, json={"name": "Shimano"})
    finally:
        event.remove(sessions.Session, "before_commit", end)
    assert ended
    assert answer.status_code == 503
    assert "Whether this was saved is not known" in answer.json["detail"]
    assert client.get(f"{BRANDS}/").json["count"] in (1, 2)
