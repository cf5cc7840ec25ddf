"""Where benchmarks play: servers of their own with the settings of production, loaded once.

The data stay in `.cache/bench` between runs; a marker says from which migrations and demo pieces
they were made, and when one of those has changed they are made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg2

from app.kit import servers
from app.kit.database import bootstrap
from app.kit.servers import postgres
from app.kit.servers.directories import ServerFolders
from app.serve import listen, programs
from benchmarks.processes import Child, wait_for_http
from config import Config, plain_url

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "bench"
LOADED = "tresen"
ORDERS = 200_000
COUNTS = {"client": 70_000, "product": 25_000, "orders": ORDERS}


class Skipped(Exception):
    """What a benchmark needs is not on this machine."""


def say(words: str) -> None:
    """Tell the person who waits; lines of results alone go to standard output."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Stage:
    """Running servers, and the databases on them."""

    config: Config
    superuser_url: str
    _exit: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    shared: dict[str, Any] = field(default_factory=dict)
    """What several benchmarks use, such as signed-in browsers."""

    def url(self, database: str, login: str = "postgres") -> str:
        """Libpq's URL of a database; the administrator's passes the policies, as Django's must."""
        sockets = postgres.address(ServerFolders(self.config.instance))
        return f"postgresql://{login}@/{database}?host={sockets}&port=5432"

    def config_for(self, database: str) -> Config:
        """Return the configuration of a process of the product that works on `database`."""
        return replace(
            self.config,
            database_url=_alchemy(self.url(database, bootstrap.WEB_LOGIN)),
            database_owner_url=_alchemy(self.url(database, bootstrap.MIGRATE_LOGIN)),
        )

    @contextlib.contextmanager
    def copy(self, name: str, template: str = LOADED) -> Iterator[str]:
        """Return a database like `template`, for as long as the block lasts."""
        bootstrap.drop_database(self.superuser_url, name)
        bootstrap.create_database(self.superuser_url, name, template=template)
        try:
            yield name
        finally:
            bootstrap.drop_database(self.superuser_url, name)

    @contextlib.contextmanager
    def web(self, database: str = LOADED) -> Iterator[str]:
        """Return the web server as the product starts it, on `database`; gives its address."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        config = replace(self.config_for(database), port=port, public_url=address)
        with contextlib.closing(listen(config.host, port)) as listener:
            program = programs(config, listener)[0]
            with Child(
                program.command, config.environment(), HOME / "web.log", program.descriptors
            ):
                wait_for_http(f"{address}/health", seconds=120)
                yield address

    def ask(self, database: str, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Rows of a statement by the administrator."""
        with contextlib.closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []

    def keep(self, context: contextlib.AbstractContextManager[Any]) -> Any:
        """Enter a context that lasts until the stage ends."""
        return self._exit.enter_context(context)

    def run(self, *command: str, database: str = LOADED) -> str:
        """Run a Python module of ours on `database` and give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.config_for(database).environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Servers with the data of the issue: 70,000 clients, 25,000 products, 200,000 orders."""
    HOME.mkdir(parents=True, exist_ok=True)
    config = Config.from_env({"INSTANCE_DIR": str(HOME / "instance"), "LOG_LEVEL": "WARNING"})
    with servers.running(config) as urls, contextlib.ExitStack() as stack:
        place = ServerFolders(config.instance)
        administrator = postgres.superuser_url(postgres.address(place) or place.sockets)
        made = Stage(replace(config.with_urls(urls)), administrator, stack)
        _load(made)
        yield made


def _load(made: Stage) -> None:
    marker = HOME / "loaded.json"
    wanted = _fingerprint()
    if marker.exists() and json.loads(marker.read_text()).get("made_from") == wanted:
        made.run("benchmarks.loading", "prepare")
        return
    say(
        "Loading 70,000 clients, 25,000 products and 200,000 orders; this takes some minutes, once."
    )
    marker.unlink(missing_ok=True)
    began = time.monotonic()
    bootstrap.drop_database(made.superuser_url, LOADED)
    bootstrap.create_database(made.superuser_url, LOADED)
    made.run("benchmarks.loading", "load", str(ORDERS))
    made.ask(LOADED, "vacuum (analyze)")
    _check(made)
    marker.write_text(json.dumps({"made_from": wanted, "seconds": time.monotonic() - began}))


def _check(made: Stage) -> None:
    for table, count in COUNTS.items():
        found = made.ask(LOADED, f"select count(*) from {table}")[0][0]
        # The demo adds a few services to its products.
        if not count <= found <= count + 100:
            message = f"{found} rows of {table} instead of {count}."
            raise RuntimeError(message)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    paths = [*ROOT.glob("migrations/versions/*.py"), *ROOT.glob("app/**/demo.py")]
    for path in sorted(paths):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _alchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://")


__all__ = ["COUNTS", "HOME", "LOADED", "ROOT", "Stage", "free_port", "plain_url", "say", "stage"]
