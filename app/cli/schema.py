"""Commands about the database itself."""

from __future__ import annotations

import click
from sqlalchemy import NullPool, text

from app.cli.company import company_option
from app.kit.database import bootstrap
from app.kit.database.catalogue import differences, snapshot
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role


@click.command()
@click.option("--database", default="tresen", show_default=True)
@company_option
def roles(database: str, slug: str, create: bool) -> None:  # noqa: ARG001, FBT001 -- every command takes them
    """Print the SQL that an administrator of a managed PostgreSQL runs once."""
    printed = bootstrap.statements(database)
    for part in (printed.cluster, (printed.create,), printed.database):
        for statement in part:
            click.echo(statement + ";")


@click.command()
@click.argument("one")
@click.argument("other")
@company_option
def drift(one: str, other: str, slug: str, create: bool) -> None:  # noqa: ARG001, FBT001 -- as above
    """Compare two databases by URL; print what differs and exit 1."""
    found = differences(_look(one), _look(other))
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)


def _look(url: str) -> dict[str, str]:
    engine = make_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        return snapshot(connection)
