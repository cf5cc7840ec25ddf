"""Which company a command works for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import text

from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp, company_stamp


def company_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--company SLUG` (demo) and `--create` to a command."""
    command = click.option("--create", is_flag=True, help="Make the company if there is none.")(
        command
    )
    return click.option("--company", "slug", default="demo", show_default=True)(command)


def find_company(slug: str) -> int | None:
    """Return the company's id, None where there is none of that name."""
    with work(Stamp(Role.PLATFORM)) as session:
        return session.scalar(text("select id from company where slug = :slug"), {"slug": slug})


def stamp_for(
    slug: str, *, create: bool = False, hint: str = "Add --create to make it.", **values: Any
) -> Stamp:
    """Return the stamp of the company; `values` are for a new one. Raises ClickException."""
    found = find_company(slug)
    if found is None:
        if not create:
            message = f"There is no company “{slug}”. {hint}"
            raise click.ClickException(message)
        from app.company.operations import found_company  # noqa: PLC0415 -- needs every model

        found = found_company(slug, **values)
    return company_stamp(found)
