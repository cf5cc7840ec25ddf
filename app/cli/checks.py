"""`flask crm check`: the invariants of every part; what disagrees is printed."""

from __future__ import annotations

import click

from app.cli.company import company_option, stamp_for
from app.kit.database.session import work
from app.kit.registry import broken_invariants, invariants


@click.command()
@company_option
def check(slug: str, create: bool) -> None:  # noqa: FBT001 -- click hands it over so
    """Run the invariants and print what disagrees; exit 1 if anything does."""
    with work(stamp_for(slug, create=create)) as session:
        broken = broken_invariants(session)
        for name in invariants.names():
            click.echo(f"{'FAIL' if name in broken else 'ok  '} {name}")
            for row in broken.get(name, ()):
                click.echo(f"     {tuple(row)}")
    if broken:
        raise SystemExit(1)
