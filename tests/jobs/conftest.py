from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.house import House, Valkey, open_house


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


@pytest.fixture
def house(own_database: str, own_redis: Valkey) -> Iterator[House]:
    """Give a database of its own, where workers and ticks are real processes."""
    owner = own_database.replace("crm_web@", "crm_migrate@")
    with open_house(own_database, owner, own_redis.url) as made:
        yield made
