"""What a draft of a migration holds: its number, plain types, and CHECKs, of choices as of others.

Used by `migrations/env.py` alone. Alembic itself compares CHECKs by their names at most.
"""

from __future__ import annotations

from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.ddl._autogen import ComparisonResult
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Table, TypeDecorator, text

# Opt-in, and by name alone: what the CHECK says is compared below.
PLUGINS = ("alembic.autogenerate.*", "alembic.ext.checkconstraint_byname")

_SAID = (
    "select conname, pg_get_constraintdef(oid) as said from pg_constraint"
    " where contype = 'c' and conrelid = cast(:table as regclass)"
)


class Compared(PostgresqlImpl):
    """PostgreSQL as Alembic knows it, but CHECKs are compared by what they say."""

    __dialect__ = "postgresql"  # replaces Alembic's own

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._declared: dict[str, dict[str, str]] = {}

    def compare_check_constraint(
        self, metadata_constraint: CheckConstraint, reflected_constraint: CheckConstraint
    ) -> ComparisonResult:
        """Compare both in PostgreSQL's own words."""
        table, name = metadata_constraint.table, str(reflected_constraint.name)
        connection = self.connection
        if connection is None or not isinstance(table, Table):
            return ComparisonResult.Skip("there is nothing to compare it with")
        if table.name not in self._declared:
            self._declared[table.name] = _declared(connection, table)
        declared = self._declared[table.name].get(name)
        made = _said(connection, f'"{table.name}"').get(name)
        if declared == made:
            return ComparisonResult.Equal()
        return ComparisonResult.Different(f"{made} to {declared}")


def _declared(connection: Connection, table: Table) -> dict[str, str]:
    """Return what PostgreSQL makes of the CHECKs of `table`, in a table that does not stay."""
    dialect = connection.dialect
    columns = [
        f'"{column.name}" {column.type.compile(dialect=dialect)}' for column in table.columns
    ]
    checks = [
        f"constraint {dialect.identifier_preparer.format_constraint(one)} check"
        f" ({one.sqltext.compile(dialect=dialect, compile_kwargs={'literal_binds': True})})"
        for one in table.constraints
        if isinstance(one, CheckConstraint)
    ]
    with connection.begin_nested() as attempt:
        made = f"create temporary table declared ({', '.join([*columns, *checks])})"
        connection.exec_driver_sql(made.replace("%%", "%").replace("%", "%%"))
        said = _said(connection, "pg_temp.declared")
        attempt.rollback()
    return said


def _said(connection: Connection, table: str) -> dict[str, str]:
    rows = connection.execute(text(_SAID), {"table": table})
    return {row.conname: row.said for row in rows}


def plain_type(kind: str, thing: Any, autogen: AutogenContext) -> str | bool:
    """Write our column types as what the database stores: a migration imports nothing of ours."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        plain = thing.impl_instance if hasattr(thing, "impl_instance") else thing.impl
        module = "postgresql" if type(plain).__module__.endswith("dialects.postgresql") else "sa"
        if module == "postgresql":
            autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return f"{module}.{plain!r}"
    return False


def finish(context: MigrationContext, _revision: object, drafts: list[MigrationScript]) -> None:
    """Give the draft the next number, and drop what only `install` reads."""
    script: ScriptDirectory = context.opts["script"]
    for draft in drafts:
        draft.rev_id = f"{int(script.get_current_head() or 0) + 1:04}"
        for operation in draft.upgrade_ops.ops if draft.upgrade_ops else ():
            if isinstance(operation, CreateTableOp):
                operation.info = {}


def bring_up(connection: Connection, script: ScriptDirectory) -> None:
    """Run the migrations that the database lacks, so that a draft holds what none of them makes."""
    context = MigrationContext.configure(
        connection,
        opts={"script": script, "fn": lambda now, _: script._upgrade_revs("head", now)},  # noqa: SLF001 -- as Alembic's own `upgrade`
    )
    with Operations.context(context):
        context.run_migrations()
