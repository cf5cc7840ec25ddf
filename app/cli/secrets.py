"""Moving the companies' secrets to a new key."""

from __future__ import annotations

import click
from sqlalchemy import text

from app.cli.company import company_option, stamp_for
from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp
from app.kit.settings import reseal_all


@click.command()
@click.option("--all", "everybody", is_flag=True, help="Of every company, whatever --company says.")
@company_option
def reseal(everybody: bool, slug: str, create: bool) -> None:  # noqa: FBT001 -- click hands it over so
    """Put secrets under the first key of ENCRYPTION_KEY; exit 1 if a key is missing for some."""
    missing = False
    for name in _slugs() if everybody else [slug]:
        with work(stamp_for(name, create=create)) as session:
            moved, lost = reseal_all(session)
        click.echo(f"{name}: {moved} moved" + (f", no key opens {', '.join(lost)}" if lost else ""))
        missing = missing or bool(lost)
    if missing:
        raise SystemExit(1)


def _slugs() -> list[str]:
    with work(Stamp(Role.PLATFORM)) as session:
        return list(session.scalars(text("select slug from company order by slug")))
