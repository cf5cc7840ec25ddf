"""`house` for the tests of every domain: what is killed in the middle stands beside what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.kit.servers import TestServer
from tests.databases import Database
from tests.jobs.house import House, Valkey, furnish, open_house


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
