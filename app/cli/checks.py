"""`flask crm check`: the invariants of every part; what disagrees is printed."""

from __future__ import annotations

import click

from app.cli.company import company_option, stamp_for
from app.kit.database.session import work
from app.kit.registry import invariants

SHOWN = 20


@click.command()
@company_option
def check(slug: str, create: bool) -> None:  # noqa: FBT001 -- click hands it over so
    """Run the invariants and print what disagrees; exit 1 if anything does."""
    disagrees = False
    with work(stamp_for(slug, create=create)) as session:
        for invariant in invariants:
            rows = list(session.execute(invariant.offending().limit(SHOWN)))
            disagrees = disagrees or bool(rows)
            click.echo(f"{'FAIL' if rows else 'ok  '} {invariant.name}")
            for row in rows:
                click.echo(f"     {tuple(row)}")
    if disagrees:
        raise SystemExit(1)
