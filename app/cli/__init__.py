"""`flask crm …`: the commands of administrators and of the tests. Each is an edge: it commits."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup
from psycopg2 import errors
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.cli import checks, demo, imports, migrations, people, reports, schema, secrets
from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp

_NOT_THERE = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)


class Commands(AppGroup):
    """Says what to do where the database has no tables yet, or those of another version."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises ClickException when it misses what a migration makes."""
        try:
            return super().invoke(ctx)
        except ProgrammingError as error:
            # Missed in a database of this version, it is a bug of ours.
            if not isinstance(error.orig, _NOT_THERE) or _version() == migrations.head():
                raise
            message = (
                "The tables of the database are not there, or not those of this version:"
                " run `.venv/bin/flask db upgrade` (or `make run`) first."
            )
            raise click.ClickException(message) from error


def _version() -> str | None:
    """Return the version of the tables, None where there are none."""
    with work(Stamp(Role.SYSTEM)) as session:
        made = session.scalar(text("select to_regprocedure('public.crm_schema_version()')"))
        return session.scalar(text("select crm_schema_version()")) if made else None


crm = Commands("crm", help="Tresen: demo, imports, reports, checks.")
for command in (
    demo.demo,
    imports.import_,
    reports.report,
    reports.rebuild,
    checks.check,
    secrets.reseal,
    people.company,
    people.people,
    schema.roles,
    schema.drift,
):
    crm.add_command(command)

__all__ = ["crm"]
