"""`flask crm report …`: the figures of the dashboard, to the cent, and their rebuilding."""

from __future__ import annotations

import json

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
    from app.company.models import Company  # noqa: PLC0415 -- needs every model
    from app.insights.operations import catch_up  # noqa: PLC0415 -- as above
    from app.insights.queries import in_currency, report_csv, sales_report  # noqa: PLC0415 -- as above

    stamp = stamp_for(slug, create=create)
    with work(stamp) as session:
        # After an import without workers nobody has counted yet.
        catch_up(session)
        currency = session.get_one(Company, stamp.company_id).currency
        rows = in_currency(sales_report(session, by=by), currency)
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    else:
        click.echo(report_csv(rows, by), nl=False)


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
