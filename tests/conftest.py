"""A real PostgreSQL and Valkey for every test, shared by concurrent runs of this checkout.

`session` is rolled back after each test. What needs commits (jobs, events, several processes) asks
for `own_database`, or a file for `module_database`: a copy of the template, emptied between them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, NullPool, text
from sqlalchemy.orm import Session

import config as settings
from app import create_app, parts
from app.kit.database import session as sessions
from app.kit.database.session import bind, make_engine
from app.kit.database.stamp import Stamp, company_stamp, stamped
from app.kit.outgoing import addresses, allow_networks
from app.kit.security import passwords
from app.kit.servers import TestServer, test_server
from tests import databases, order
from tests.databases import Database, Databases
from tests.jobs.fixtures import house, house_database, own_redis, own_valkey

__all__ = ["house", "house_database", "own_redis", "own_valkey"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SERVERS = ROOT / ".cache" / "test-servers"

parts.load_models()
# What an application consists of stays for the whole run: looking for garbage among it after every
# 700 new objects was a quarter of the time.
gc.set_threshold(50_000, 20, 100)
# The same kind of hash as ever, a hundred times cheaper: thousands of people sign in here.
passwords.METHOD = "scrypt:1024:8:1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", metavar="SEED", help="run files, and tests in each, by chance")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every process arranges alike: they must hold the same list."""
    seed = config.getoption("--shuffle")
    if seed is None:
        order.arrange(items)
    else:
        order.shuffle(items, seed)


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """PostgreSQL and Valkey without durability, for as long as some test run uses them."""
    with test_server(SERVERS) as running:
        yield running


def _exists(server: TestServer, name: str) -> bool:
    admin = make_engine(server.url("postgres", "postgres"), poolclass=NullPool)
    with admin.connect() as connection:
        found = connection.scalar(
            text("select 1 from pg_database where datname = :name"), {"name": name}
        )
    return found is not None


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """The name of a database with all tables and two companies (1 ours, 2 theirs), made once."""
    name = f"template_{databases.fingerprint()}"
    with databases.alone(SERVERS, "template"):
        if not _exists(server, name):
            try:
                databases.build(server, name)
            except BaseException:
                server.drop_database(name)
                raise
    return name


@pytest.fixture(scope="session")
def copies(server: TestServer, template: str) -> Iterator[Databases]:
    """The databases of this process; most are lent to one test or file after the other."""
    made = Databases(server, template, SERVERS)
    yield made
    made.close()


@pytest.fixture(scope="session")
def make_database(server: TestServer, copies: Databases) -> Iterator[Callable[[str], str]]:
    """Return a function that copies the template for good and gives the copy's name.

    For what lasts until the end and for what changes tables; all else takes `own_database` or
    `module_database`.
    """
    made: list[str] = []

    def make(purpose: str) -> str:
        made.append(copies.make(purpose))
        return made[-1]

    yield make
    for name in made:
        server.drop_database(name)


@pytest.fixture(scope="session")
def database(make_database: Callable[[str], str]) -> str:
    """The database of this test process; tests in it roll back."""
    return make_database("shared")


@pytest.fixture(scope="session")
def database_url(server: TestServer, database: str) -> str:
    """The URL of that database for the web login."""
    return server.url(database)


@pytest.fixture(scope="session")
def owner_url(server: TestServer, database: str) -> str:
    """The URL of that database for the login that may become crm_owner."""
    return server.url(database, "crm_migrate")


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """The engine on that database, also the one that `work` uses."""
    made = make_engine(database_url)
    bind(made)
    yield made
    made.dispose()


@pytest.fixture
def bound(engine: Engine) -> Iterator[Engine]:
    """That engine as the one that `work` uses, whatever a test before has bound and left."""
    before = sessions.engine()
    bind(engine)
    yield engine
    bind(before)


@pytest.fixture(scope="session")
def built_app(
    server: TestServer, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Flask:
    """The whole application with every screen, for tests that read what is registered."""
    environ = {
        "DATABASE_URL": database_url,
        "REDIS_URL": server.redis_url,
        # The walks ask more in a minute than anybody may.
        "API_RATE_LIMIT": "0",
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("built")),
    }
    return create_app(settings.Config.from_env(environ))


@pytest.fixture
def loopback() -> Iterator[None]:
    """Open this machine to outgoing connections, as ALLOW_PRIVATE_ADDRESSES does: stand-ins."""
    before = [str(network) for network in addresses._allowed]
    allow_networks(["127.0.0.0/8", "::1/128"])
    yield
    allow_networks(before)


@pytest.fixture
def company() -> int:
    """The id of our company."""
    return 1


@pytest.fixture
def other_company() -> int:
    """The id of a company whose rows we must never see."""
    return 2


@pytest.fixture
def session(engine: Engine, company: int) -> Iterator[Session]:
    """A session stamped for our company; whatever it commits is rolled back after the test."""
    stamp = company_stamp(company)
    with engine.connect() as connection, stamped(stamp):
        outer = connection.begin()
        with Session(
            connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
            info={"stamp": stamp},
        ) as made:
            yield made
        outer.rollback()


@pytest.fixture
def as_stamp(session: Session) -> Callable[[Stamp], object]:
    """Return a context manager that puts another stamp on `session` for a block."""

    @contextmanager
    def use(stamp: Stamp) -> Iterator[Session]:
        from app.kit.database.session import restamp

        before = session.info["stamp"]
        session.flush()
        session.expire_all()
        restamp(session, stamp)
        with stamped(stamp):
            yield session
        session.expire_all()
        restamp(session, before)

    return use


@pytest.fixture
def own_database(server: TestServer, copies: Databases) -> Iterator[str]:
    """The URL of a database for this test alone, where commits are real."""
    with copies.lent() as one:
        yield server.url(one.name)


@pytest.fixture(scope="module")
def module_database(copies: Databases) -> Iterator[Database]:
    """A database for the tests of this file, where commits are real; `empty` it at will."""
    with copies.lent() as one:
        yield one
