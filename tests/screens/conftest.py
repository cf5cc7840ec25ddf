"""The application of these tests: real commits in a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

import config as settings
from app import parts
from app.kit.access import Reader
from app.kit.database.session import db
from app.kit.rest import OpenApiView
from app.kit.servers import TestServer
from tests.screens import bench
from tests.screens.declared import BENCH_SCREENS


@pytest.fixture(scope="module")
def bench_url(server: TestServer, make_database: Callable[[str], str]) -> str:
    return server.url(make_database("screens"))


@pytest.fixture(scope="module")
def app(server: TestServer, bench_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    environ = {
        "DATABASE_URL": bench_url,
        "REDIS_URL": server.redis_url,
        # The walks ask more in a minute than anybody may.
        "API_RATE_LIMIT": "0",
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    with pytest.MonkeyPatch.context() as patch:
        # The kit alone: whether the domains' screens keep its promises is asked by test_walk.py.
        patch.setattr(parts, "load_room", lambda _room: [])
        made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    with made.app_context():
        made.appbuilder.add_all(
            [*BENCH_SCREENS, *([] if "OpenApiView" in made.blueprints else [OpenApiView])]
        )
    bench.let_tests_choose_the_reader(made)
    made.config["OWNER_URL"] = server.url(
        bench_url.rpartition("@/")[2].partition("?")[0], "crm_migrate"
    )
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def everything() -> Iterator[Reader]:
    """Requests are made by somebody with every right of the bench screens."""
    who = bench.reader_with(set(bench.EVERYTHING))
    with bench.signed_in(who):
        yield who


@pytest.fixture(autouse=True)
def empty_tables(app: Flask) -> Iterator[None]:
    """Each test begins without rows of its own company's catalogue and clients."""
    yield
    with app.app_context():
        db.session.remove()
    with bench.owner(app) as connection:
        names = "store, category, brand, product, variant, client, client_figures, contact_point, saved_view, bulk_run, export_log, form_sent, idempotency, audit_entry, job"
        connection.execute(text(f"truncate {names} cascade"))
