"""The application of these tests: real commits in a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import config as settings
import pytest
from app import parts
from app.kit.servers import TestServer
from flask import Flask
from flask.testing import FlaskClient

from tests.screens import bench
from tests.screens.declared import BENCH_SCREENS


@pytest.fixture(scope="module")
def bench_url(server: TestServer, make_database: Callable[[str], str]) -> str:
    return server.url(make_database("screens"))


@pytest.fixture(scope="module")
def app(
    server: TestServer, bench_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    environ = {
        "DATABASE_URL": bench_url,
        "REDIS_URL": server.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    with pytest.MonkeyPatch.context() as patch:
        # The kit alone: whether the domains' screens keep its promises is asked by test_walk.py.
        patch.setattr(parts, "load_room", lambda _room: [])
        made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    with made.app_context():
        made.appbuilder.add_all(BENCH_SCREENS)
    bench.let_tests_choose_the_reader(made)
    yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
