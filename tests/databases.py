"""Databases of which each is a copy of the template, lent to one test or file at a time.

A copy costs a third of a second and emptying one a fiftieth: what comes back is emptied and lent
again, unless its tables or functions were changed or it has grown.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import NullPool, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from app.kit.database import install
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role
from app.kit.servers import TestServer

_COMPANIES = (
    "insert into company (id, slug, name) overriding system value"
    " values (1, 'ours', 'Ours'), (2, 'theirs', 'Theirs')"
)
# The ids that companies of tests get; those of the template are written, not drawn.
_FIRST_COMPANY = "select setval('company_id_seq', 3, false)"
# What rows may leave behind: without a vacuum their room is not used again.
_ROOM = 48 * 2**20
_SIZE = "select pg_database_size(current_database())"
_CATALOGUES = (
    *("pg_class", "pg_attribute", "pg_constraint", "pg_index", "pg_trigger", "pg_policy"),
    *("pg_proc", "pg_type", "pg_namespace", "pg_db_role_setting"),
)
# Whoever changes a catalogue writes a row of a newer transaction or removes one.
_SHAPE = " union all ".join(
    f"select count(*), max(xmin::text::bigint) from {name}" for name in _CATALOGUES
)
_FILLED = """
select string_agg(format('select %L where exists (select from %s)', oid::regclass, oid::regclass),
                  ' union all ')
  from pg_class where relkind = 'r' and relnamespace not in
       ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"""
_RESTART = """
select count(setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false))
  from pg_sequences where last_value is not null"""
# What an ANALYZE of a test has found out of rows that are gone.
_UNLEARN = "delete from pg_statistic where starelid >= 16384"
_END_OTHERS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()"""


def build(server: TestServer, name: str) -> None:
    """Make a database with all tables and two companies: 1 ours, 2 theirs."""
    server.create_database(name)
    owner = make_engine(server.url(name, "crm_migrate"), poolclass=NullPool)
    with owner.begin() as connection:
        install.prelude(connection)
        connection.execute(text(f"set local role {Role.OWNER}"))
        Model.metadata.create_all(connection)
        connection.execute(text("reset role"))
        install.install(connection)
        connection.execute(text(f"set local role {Role.OWNER}"))
        connection.execute(text(_COMPANIES))
        connection.execute(text(_FIRST_COMPANY))


def fingerprint() -> str:
    """Tell apart what `build` would make: by the tables, what is installed and this file alone."""
    dialect = postgresql.dialect()
    tables = Model.metadata.sorted_tables
    indexes = [index for table in tables for index in sorted(table.indexes, key=lambda i: i.name)]
    said = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    said += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    said += [*install.statements(), Path(__file__).read_text()]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


@contextmanager
def alone(directory: Path, name: str) -> Iterator[None]:
    """Hold a lock among the processes that share the servers of a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Database:
    """One copy, with a connection that may empty it once that is asked for.

    Until then it is closed: some tests end every connection that they find.
    """

    def __init__(self, server: TestServer, name: str) -> None:
        self.name = name
        self._address = server.superuser_url
        self._connect()
        self._filled = str(self._run(_FILLED)[0][0])
        self._shape = self._run(_SHAPE)
        self._most = int(self._run(_SIZE)[0][0]) + _ROOM
        # What else the template holds would have to be put back as well.
        assert self._run(self._filled) == [("company",)]
        self.close()

    def empty(self) -> None:
        """Leave what the template holds: rows go without triggers, and numbers begin anew."""
        filled = [name for (name,) in self._run(self._filled)]
        gone = [f"delete from {name}" for name in filled]
        steps = [*gone, _COMPANIES, _RESTART, _FIRST_COMPANY, _UNLEARN]
        self._run("; ".join(["begin", *steps, "commit"]))

    def given_back(self) -> bool:
        """End whoever is still connected and empty it; say whether it is as good as new."""
        try:
            self._run(_END_OTHERS)
            if self._run(_SHAPE) != self._shape:
                return False
            self.empty()
            return bool(self._run(_SIZE)[0][0] < self._most)
        finally:
            self.close()

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> None:
        self._connection = psycopg2.connect(self._address, dbname=self.name)
        self._connection.autocommit = True
        self._run("set lock_timeout = '20s'; set session_replication_role = replica")

    def _run(self, sql: str) -> list[Any]:
        if self._connection.closed:
            self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []


@dataclass
class Databases:
    """The copies of this process: as many as are lent at once."""

    server: TestServer
    template: str
    directory: Path
    free: list[Database] = field(default_factory=list)
    made: int = 0

    def make(self, purpose: str) -> str:
        """Copy the template; the name of the copy."""
        name = f"t_{os.getpid()}_{self.made}_{purpose}"[:60].lower()
        self.made += 1
        # CREATE DATABASE … TEMPLATE refuses while another run copies from the same template.
        with alone(self.directory, "copy"):
            self.server.create_database(name, template=self.template)
        return name

    @contextmanager
    def lent(self) -> Iterator[Database]:
        """Give a database like the template for the time of the block, where commits are real."""
        one = self.free.pop() if self.free else Database(self.server, self.make("lent"))
        try:
            yield one
        finally:
            if one.given_back():
                self.free.append(one)
            else:
                self._drop(one)

    def close(self) -> None:
        while self.free:
            self._drop(self.free.pop())

    def _drop(self, one: Database) -> None:
        one.close()
        self.server.drop_database(one.name)
