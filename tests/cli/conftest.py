"""The whole application on a database of each module's own, and `flask crm …` run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.kit.database import session as sessions
from app.kit.database.session import db
from app.kit.servers import TestServer
from config import Config
from tests.databases import Database


@pytest.fixture(scope="module")
def app(server: TestServer, module_database: Database, tmp_path_factory: Any) -> Flask:
    name = module_database.name
    config = replace(
        Config.from_env({"INSTANCE_DIR": str(tmp_path_factory.mktemp("instance"))}),
        database_url=server.url(name),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url=server.redis_url,
    )
    return create_app(config)


@pytest.fixture(autouse=True)
def _here(app: Flask) -> Iterator[None]:
    """Other folders bind the process to a database of theirs."""
    before = sessions._engine
    with app.app_context():
        sessions.bind(db.engine)
    yield
    sessions._engine = before


@pytest.fixture
def run(app: Flask) -> Callable[..., Any]:
    """Return a function that runs `flask crm …` and gives what it printed."""

    def invoke(*words: str, status: int = 0, typed: str | None = None) -> str:
        with app.app_context():  # as `flask` itself does
            done = app.test_cli_runner().invoke(args=["crm", *words], input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return str(done.output)

    return invoke
