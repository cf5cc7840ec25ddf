"""Using the embedded servers: `running` for the product, `test_server` for its tests."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.kit.database import bootstrap
from app.kit.servers import postgres, sharing, valkey
from app.kit.servers.directories import ServerFolders, make_place, server_account
from app.kit.servers.keeper import start_keeper, stop_servers

if TYPE_CHECKING:
    from config import Config

DATABASE = "tresen"
T = TypeVar("T")


@dataclass(frozen=True)
class Urls:
    """Where the servers are, in the form that SQLAlchemy and redis-py take."""

    database: str
    owner: str
    redis: str
    check: Callable[[], None] = field(default=lambda: None, compare=False)


@contextlib.contextmanager
def running(config: "Config") -> Iterator[Urls]:
    """Give the addresses of PostgreSQL and Valkey, embedded where the configuration names none.

    Raises ServerError.
    """
    wants_postgres, wants_valkey = config.database_url is None, config.redis_url is None
    if not wants_postgres and not wants_valkey:
        yield _urls(config, None, None, lambda: None)
        return
    place = ServerFolders(config.instance)

    def start() -> tuple[Path | None, Path | None]:
        sockets = _start_postgres(place) if wants_postgres else None
        return sockets, valkey.start(place) if wants_valkey else None

    def check() -> None:
        if (wants_postgres and not postgres.is_running(place)) or (
            wants_valkey and not valkey.is_running(place)
        ):
            with sharing.changing(place.root):
                start()

    with _using(place, start) as (sockets, socket):
        yield _urls(config, sockets, socket, check)


def _urls(
    config: "Config", sockets: Path | None, socket: Path | None, check: Callable[[], None]
) -> Urls:
    database = config.database_url or _login_url(sockets, bootstrap.WEB_LOGIN)
    owner = config.database_owner_url or config.database_url
    return Urls(
        database=database,
        owner=owner or _login_url(sockets, bootstrap.MIGRATE_LOGIN),
        redis=config.redis_url or f"unix://{socket}?db=0",
        check=check,
    )


def _login_url(sockets: Path | None, login: str, database: str = DATABASE) -> str:
    return f"postgresql+psycopg2://{login}@/{database}?host={sockets}&port=5432"


def _start_postgres(place: ServerFolders) -> Path:
    """Start PostgreSQL.

    Roles and database are made again each time, in case a crash came in between.
    """
    started_before = postgres.is_running(place)
    sockets = postgres.start(place)
    if not started_before:
        bootstrap.bootstrap(postgres.superuser_url(sockets), DATABASE)
        bootstrap.quiet_logins(postgres.superuser_url(sockets))
    return sockets


@contextlib.contextmanager
def _using(place: ServerFolders, start: Callable[[], T]) -> Iterator[T]:
    make_place(place, None)
    with sharing.changing(place.root):
        make_place(place, server_account(place.postgres))
        use = sharing.Use(place.root)
        try:
            # First, so that servers do not stay behind when we are killed while they start.
            start_keeper(place)
            started = start()
        except BaseException:
            _leave(place, use)
            raise
    try:
        yield started
    finally:
        if use.is_mine:
            with sharing.changing(place.root):
                _leave(place, use)


def _leave(place: ServerFolders, use: sharing.Use) -> None:
    use.leave_users()
    if sharing.is_unused(place.root):
        stop_servers(place)
    use.leave_guard()


@dataclass(frozen=True)
class TestServer:
    """A PostgreSQL and a Valkey that lose everything at their end."""

    __test__ = False  # the name would have pytest collect it
    superuser_url: str
    redis_url: str
    sockets: Path

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Make a database like the product's, or a copy of `template` while nobody uses that."""
        bootstrap.create_database(self.superuser_url, name, template=template)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, whoever is connected."""
        bootstrap.drop_database(self.superuser_url, name)

    def url(self, database: str, login: str = bootstrap.WEB_LOGIN) -> str:
        """Give SQLAlchemy's URL of a database for a login: crm_web, crm_migrate or postgres."""
        return _login_url(self.sockets, login, database)

    def redis(self, number: int) -> str:
        """Give the URL of one of Valkey's 16 databases."""
        return self.redis_url.replace("?db=0", f"?db={number}")


@contextlib.contextmanager
def test_server(directory: Path) -> Iterator[TestServer]:
    """Give the throw-away servers of `directory`, shared with whoever else asks for them."""
    place = ServerFolders(directory, unsafe=True)

    def start() -> TestServer:
        started_before = postgres.is_running(place)
        sockets = postgres.start(place)
        url = postgres.superuser_url(sockets)
        if not started_before:
            bootstrap.bootstrap_roles(url)
            bootstrap.quiet_logins(url)
        return TestServer(url, f"unix://{valkey.start(place)}?db=0", sockets)

    with _using(place, start) as server:
        yield server


test_server.__test__ = False  # type: ignore[attr-defined]
