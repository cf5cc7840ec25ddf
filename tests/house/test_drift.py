"""The migrations make exactly the database that the models describe.

Checks, defaults, policies, grants and all.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import NullPool, text

import config as settings
from app.deploy import migrate
from app.kit.database.catalogue import differences, snapshot
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role
from app.kit.servers import TestServer


@pytest.fixture
def migrated(server: TestServer, worker_name: str, tmp_path: Path) -> Iterator[str]:
    """The name of a database that the migrations made, as a login that is no superuser."""
    name = f"migrated_{worker_name}"
    server.drop_database(name)
    server.create_database(name)
    migrate(
        replace(
            settings.load(),
            instance=tmp_path,
            database_url=server.url(name),
            database_owner_url=server.url(name, "crm_migrate"),
            redis_url=server.redis_url,
        )
    )
    yield name
    server.drop_database(name)


@pytest.fixture
def worker_name(request: pytest.FixtureRequest) -> str:
    """A name of its own for each of the processes that pytest runs."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "alone"))


def look(server: TestServer, name: str) -> dict[str, str]:
    engine = make_engine(server.url(name, "crm_migrate"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        return snapshot(connection)


@pytest.mark.timeout(300)
def test_migrations_and_models_agree(server: TestServer, template: str, migrated: str) -> None:
    assert differences(look(server, template), look(server, migrated)) == []
