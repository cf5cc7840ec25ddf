from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.kit.database.session import bind
from app.kit.servers import TestServer
from config import Config
from tests.databases import Database
from tests.jobs.house import House, Valkey, furnish, open_house
from tests.screens import bench


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[Valkey]:
    running = Valkey()
    yield running
    running.close()


@pytest.fixture
def own_redis(own_valkey: Valkey) -> Valkey:
    """Give an empty Valkey that the test may flush, freeze and kill."""
    if own_valkey.process.poll() is not None:
        own_valkey.start()
    own_valkey.flush()
    return own_valkey


@pytest.fixture(scope="session")
def house_database(make_database: Callable[[str], str], server: TestServer) -> Iterator[Database]:
    name = make_database("house")
    furnish(server.url(name, "crm_migrate"))
    made = Database(server, name)
    yield made
    made.close()


@pytest.fixture
def house(server: TestServer, house_database: Database, own_redis: Valkey) -> Iterator[House]:
    """Give a database where commits are real and workers and ticks are real processes."""
    name = house_database.name
    with open_house(server.url(name), server.url(name, "crm_migrate"), own_redis.url) as made:
        yield made
    house_database.empty()


@pytest.fixture
def client(house: House, tmp_path: Path) -> FlaskClient:
    """Give a browser of the whole application on that database; the test chooses who reads."""
    environ = {
        "DATABASE_URL": house.url,
        "REDIS_URL": house.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path),
    }
    app = create_app(Config.from_env(environ))
    app.config["WTF_CSRF_ENABLED"] = False
    bind(house.engine)
    bench.let_tests_choose_the_reader(app)
    return app.test_client()
