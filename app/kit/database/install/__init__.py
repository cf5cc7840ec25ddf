"""Everything in the database that is no table: grants, policies, triggers, functions, partitions.

`prelude` runs before the migrations (column defaults call its functions), `install` after every
upgrade. Both are idempotent, and `install` does nothing when its text has not changed.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text

from app.kit.database import statistics
from app.kit.database.install import (
    audit,
    changes,
    immutability,
    partitions,
    policies,
    search,
    transitions,
    visibility,
)
from app.kit.database.model import Model
from app.kit.database.sql_functions import FUNCTIONS, SqlFunction
from app.kit.database.stamp import Role

_STAMP = "tresen install "
_COLUMNS = """
select relname, attname from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
   and a.attnum > 0 and not a.attisdropped"""


def prelude(connection: Connection) -> None:
    """Write the functions that tables need. The connection may become `crm_owner`."""
    connection.execute(text(f"set local role {Role.OWNER}"))
    connection.execute(text("create schema if not exists auth"))
    connection.execute(text(f"create schema if not exists {visibility.SCHEMA}"))
    for function in FUNCTIONS:
        if function.early:
            _run(connection, _function_statements(function))
    connection.execute(text("reset role"))


class MissingTables(RuntimeError):
    """The code has tables or columns that no migration makes."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"No migration makes {', '.join(names)}, which the code has: draft one with"
            ' `.venv/bin/flask db migrate -m "…"`, read it, then `.venv/bin/flask db upgrade`.'
        )


def refuse_missing(connection: Connection) -> None:
    """Raise MissingTables where the newest tables lack what the code declares."""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(text(_COLUMNS)):
        found.setdefault(table, set()).add(column)
    missing: list[str] = []
    for table in sorted(Model.metadata.tables.values(), key=lambda t: t.name):
        if table.name not in found:
            missing.append(f"the table {table.name}")
        else:
            lacking = [c.name for c in table.columns if c.name not in found[table.name]]
            missing += [f"the column {table.name}.{name}" for name in lacking]
    if missing:
        raise MissingTables(missing)


def install(connection: Connection, *, force: bool = False) -> bool:
    """Bring grants, policies, triggers and functions up to date; return whether anything was run.

    The connection's login may become `crm_owner` and `crm_search`.
    """
    steps = statements()
    digest = hashlib.sha256("\n".join(steps).encode()).hexdigest()
    current = connection.scalar(
        text("select obj_description('public'::regnamespace, 'pg_namespace')")
    )
    connection.execute(text(f"set local role {Role.OWNER}"))
    _run(connection, partitions.statements(Model.metadata))
    statistics.tell(connection)
    if current == _STAMP + digest and not force:
        connection.execute(text("reset role"))
        return False
    _run(connection, steps)
    _run(connection, [f"comment on schema public is '{_STAMP}{digest}'"])
    connection.execute(text("reset role"))
    return True


def statements() -> list[str]:
    """Return what `install` runs, in order, for the tables and functions known now."""
    search.register_all(Model.metadata)
    steps = [f"grant usage on schema public to {', '.join(_readers())}"]
    for function in FUNCTIONS:
        steps += _function_statements(function)
    for table in sorted(Model.metadata.tables.values(), key=lambda t: t.name):
        steps += policies.statements(table)
        steps += visibility.views(table)
        steps += audit.statements(table)
        steps += immutability.statements(table)
        steps += transitions.statements(table)
        steps += changes.statements(table)
    return steps


def _readers() -> list[str]:
    return [role.value for role in Role if role is not Role.OWNER]


def _function_statements(function: SqlFunction) -> list[str]:
    name = f"{function.schema}.{function.signature}"
    steps = [function.sql, f"revoke all on function {name} from public"]
    steps += [f"grant execute on function {name} to {role}" for role in function.callers]
    schema = f"grant usage on schema {function.schema} to "
    if function.schema != "public":
        steps += [schema + role.value for role in function.callers]
    if function.owner is Role.SEARCH:
        return [f"set local role {Role.SEARCH}", *steps, f"set local role {Role.OWNER}"]
    return steps


def _run(connection: Connection, steps: list[str]) -> None:
    for step in steps:
        connection.exec_driver_sql(step.replace("%", "%%"))
