"""`flask crm report …`: the figures of the dashboard, to the cent, and their rebuilding."""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from typing import Any

import click

from app.cli.company import company_option, stamp_for
from app.kit.database.session import work


@click.command()
@click.argument("what", type=click.Choice(["sales"]))
@click.option("--by", type=click.Choice(["month", "country", "store"]), default="month")
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json")
@company_option
def report(what: str, by: str, form: str, slug: str, create: bool) -> None:  # noqa: ARG001, FBT001 -- click's
    """Print gross, returns, adjustments and net."""
    from app.insights.operations import catch_up  # noqa: PLC0415 -- needs every model
    from app.insights.queries import sales_report  # noqa: PLC0415 -- as above

    with work(stamp_for(slug, create=create)) as session:
        # After an import without workers nobody has counted yet.
        catch_up(session)
        _print(sales_report(session, by=by), form)


@click.command("rebuild-facts")
@company_option
def rebuild(slug: str, create: bool) -> None:  # noqa: FBT001 -- click hands it over so
    """Compute the daily facts anew from orders, returns and adjustments."""
    from app.insights.operations import rebuild_pieces  # noqa: PLC0415 -- needs every model

    days = 0
    with work(stamp_for(slug, create=create)) as session:
        for piece in rebuild_pieces(session):
            session.commit()
            days += piece
    click.echo(f"{days} days")


def _cents(value: Any) -> Any:
    # Money is kept in ten-thousandths; what is reported was rounded line by line.
    return value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value


def _print(rows: list[dict[str, Any]], form: str) -> None:
    rows = [{name: _cents(value) for name, value in row.items()} for row in rows]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    elif rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
