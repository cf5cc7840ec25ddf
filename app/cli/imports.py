"""`flask crm import KIND FILE…`: the same import as on screen, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import current_app

from app.cli.company import company_option, stamp_for
from app.kit.database.statistics import analyse
from app.kit.errors import CrmError
from app.kit.registry import imports
from app.kit.rights import words_of


@click.command("import")
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--report", type=click.Path(path_type=Path), help="Write the report there as JSON.")
@click.option("--rate", type=float, help="One unit of the source's currency in the company's.")
@company_option
def import_(
    kind: str,
    files: tuple[Path, ...],
    report: Path | None,
    rate: float | None,
    slug: str,
    create: bool,  # noqa: FBT001 -- click hands it over so
) -> None:
    """Import FILES as KIND. The report counts every source row once, under what became of it."""
    found = imports.get(kind)
    if found is None:
        message = f"No import is called “{kind}”. There are: {', '.join(imports.names())}."
        raise click.ClickException(message)
    stamp = stamp_for(slug, create=create, **dict(found.company))
    try:
        outcome = found.run(stamp, list(files), rate=rate)
    except CrmError as error:
        raise click.ClickException(str(words_of(error))) from error
    analyse(current_app.config["CRM"].database_owner_url)
    text = json.dumps(outcome, indent=2, ensure_ascii=False, default=str)
    if report:
        report.write_text(text + "\n", encoding="utf-8")
    click.echo(text)
