"""The real year against INSERT … SELECT of the same rows into the same tables."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import psycopg2

from app import parts
from app.kit.database import bootstrap
from app.kit.database.model import Model
from benchmarks.harness import Benchmark, Sides
from benchmarks.stage import ROOT, Skipped, Stage, say

SOURCE = ROOT.parent / "shared" / "data" / "uci-online-retail"
ROWS = 541_909
EMPTY, OURS, THEIRS = "bench_empty", "bench_year", "bench_year_bare"
# How the import remembers what it did, and who did it: no final tables.
_OWN = ("online_retail_line", "online_retail_invoice", "import_run", "event", "audit")
_COLUMNS = """
select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
  from information_schema.columns
 where table_schema = 'public' and table_name = %s and is_generated = 'NEVER'"""


def _counts(stage: Stage, database: str) -> dict[str, int]:
    parts.load_models()
    names = [table.name for table in Model.metadata.sorted_tables if table.schema is None]
    asked = " union all ".join(f"select '{name}', count(*) from \"{name}\"" for name in names)
    found = dict(stage.ask(database, asked))
    # In the order in which keys allow to fill them; PostgreSQL answers in any.
    return {name: found[name] for name in names}


class Bare:
    """Prepared rows in a schema of their own, and the statements that move them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        before, after = _counts(stage, EMPTY), _counts(stage, THEIRS)
        self.tables = [
            name
            for name, count in after.items()
            if count > before[name] and not name.startswith(_OWN)
        ]
        self.expected = {name: after[name] for name in self.tables}
        self.columns = {name: stage.ask(THEIRS, _COLUMNS, [name])[0][0] for name in self.tables}
        stage.ask(THEIRS, "create schema prepared")
        for name in self.tables:
            stage.ask(THEIRS, f'create table prepared."{name}" as select * from "{name}"')
            # Audit is off, and what triggers compute is among the prepared rows: keys alone stay.
            stage.ask(THEIRS, f'alter table "{name}" disable trigger user')
        stage.ask(THEIRS, "grant usage on schema prepared to crm_app")
        stage.ask(THEIRS, "grant select on all tables in schema prepared to crm_app")
        tables = ", ".join(f'"{name}"' for name in self.tables)
        stage.ask(THEIRS, f"grant insert on {tables} to crm_app")
        say(f"  prepared rows: {self.expected}")

    def run(self) -> float:
        """Rows of the source per second; the tables are empty of them before, and full after."""
        self._empty()
        with (
            contextlib.closing(
                psycopg2.connect(self.stage.url(THEIRS, bootstrap.WEB_LOGIN))
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("set role crm_app; select set_config('app.company_id', '1', false)")
            connection.commit()
            began = time.perf_counter()
            for name in self.tables:
                columns = self.columns[name]
                cursor.execute(
                    f'insert into "{name}" ({columns}) overriding system value'
                    f' select {columns} from prepared."{name}"'
                )
            connection.commit()
            took = time.perf_counter() - began
        found = _counts(self.stage, THEIRS)
        if any(found[name] != count for name, count in self.expected.items()):
            raise RuntimeError("Not all prepared rows arrived.")
        return ROWS / took

    def _empty(self) -> None:
        tables = ", ".join(f'"{name}"' for name in self.tables)
        with contextlib.closing(psycopg2.connect(self.stage.url(THEIRS))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("set session_replication_role = replica")
                # Cascades to what refers to them, so that keys need not be dropped.
                cursor.execute(f"truncate {tables} cascade")
                cursor.execute("checkpoint")


def _import(stage: Stage, database: str) -> float:
    printed = stage.run("benchmarks.loading", "import", str(SOURCE), database=database)
    rows, seconds = printed.split()[-2:]
    if int(rows) != ROWS:
        message = f"The import tells of {rows} rows."
        raise RuntimeError(message)
    return ROWS / float(seconds)


def import_real_year(stage: Stage) -> Sides:
    """Import once for the reference; each turn of ours starts with an empty company."""
    if not SOURCE.exists():
        raise Skipped(f"{Path('..') / SOURCE.relative_to(ROOT.parent)} is not there.")
    stack = contextlib.ExitStack()
    bootstrap.drop_database(stage.superuser_url, EMPTY)
    bootstrap.create_database(stage.superuser_url, EMPTY)
    stack.callback(bootstrap.drop_database, stage.superuser_url, EMPTY)
    stage.run("benchmarks.loading", "found", "demo", "GBP", database=EMPTY)
    stack.enter_context(stage.copy(THEIRS, EMPTY))
    _import(stage, THEIRS)
    bare = Bare(stage)

    def ours() -> float:
        with stage.copy(OURS, EMPTY):
            rate = _import(stage, OURS)
            found: dict[str, Any] = _counts(stage, OURS)
            if any(found[name] != count for name, count in bare.expected.items()):
                raise RuntimeError("The import left other rows than the reference.")
            return rate

    return Sides(ours, bare.run, stack.close)


ALL = [
    Benchmark(
        "import-real-year", "rows/s", "insert-select", 0.4, at_most=False, prepare=import_real_year
    )
]
