"""`flask crm demo`: the demo company, piece by piece, each piece a transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from inspect import isgenerator
from typing import Any

import click
from flask import current_app
from sqlalchemy.orm import Session

from app.cli.company import company_option, find_company, stamp_for
from app.kit.database.session import work
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.database.statistics import analyse
from app.kit.registry import DemoData, demo_data
from app.kit.settings import Setting, get, put

# In pounds, so that the real year of a British shop can be imported beside the demo's own orders.
COMPANY = {
    "name": "Harbour & Hook",
    "currency": "GBP",
    "country": "GB",
    "zone": "Europe/London",
}

# Notes of the program's own: not defined, so that no page asks for them.
BEGUN = Setting("demo.begun", str, "", "")
LOADED = Setting("demo.loaded", str, "", "")


@click.command()
@company_option
@click.option("--size", type=click.Choice(["small", "large"]), default="small", show_default=True)
@click.option("--contacts", is_flag=True, help="Only make up contact points of imported clients.")
def demo(slug: str, create: bool, size: str, contacts: bool) -> None:  # noqa: FBT001 -- click's
    """Load the demo: small in seconds; large is 70,000 clients, 25,000 products, 300,000 orders."""
    if current_app.config["CRM"].production:
        message = "There is no demo in production: its sign-ins are known to everybody."
        raise click.ClickException(message)
    if contacts:
        make_up_contacts(slug)
    else:
        load_demo(slug, size, create=create or slug == "demo")


def make_up_contacts(slug: str) -> None:
    """Give imported clients, who have no contact points, made-up ones that reach nobody."""
    from app.clients.demo import make_up_contacts as pieces  # noqa: PLC0415 -- needs every model

    with work(stamp_for(slug)) as session:
        count = 0
        for made in pieces(session):
            count += made
            session.commit()
    click.echo(f"{count} clients")


def load_demo(slug: str, size: str, *, create: bool) -> None:
    """Run every part's demo data in order; what is there already stays as it is.

    That all of it was loaded is noted at the end: a start that was interrupted is made up for.
    Raises ClickException for a company whose demo is of another size: they do not mix.
    """
    # Whoever works in two demo companies must be able to tell them apart.
    name = COMPANY["name"] if slug == "demo" else f"{COMPANY['name']} ({slug})"
    stamp = stamp_for(slug, create=create, **{**COMPANY, "name": name})
    with work(stamp) as session:
        begun = _size(session) or put(session, BEGUN, size)
    if begun != size:
        raise click.ClickException(_is_another_size(slug, begun, size))
    url = current_app.config["CRM"].database_owner_url
    for piece in demo_data:
        start = time.monotonic()
        for number, _ in enumerate(_run(piece, size, stamp)):
            # Planned without, the next piece of the large one takes minutes.
            if number == 0 and size == "large":
                analyse(url)
        if size == "large":
            analyse(url)
        click.echo(f"{piece.name}: {time.monotonic() - start:.1f} s")
    analyse(url)
    with work(stamp) as session:
        put(session, LOADED, size)


def _is_another_size(slug: str, begun: str, size: str) -> str:
    other = size if slug != size else f"{size}-demo"
    return (
        f"The company “{slug}” has the {begun} demo, and the two do not mix: take another company,"
        f" `flask crm demo --company {other} --size {size} --create`."
    )


def _size(session: Session) -> str:
    """Return which demo the company has, or has the beginning of; empty where it has none."""
    return get(session, BEGUN) or get(session, LOADED)


def is_unfinished(slug: str) -> bool:
    """Say whether the small demo, which takes seconds, still lacks something in the company."""
    company = find_company(slug)
    if company is None:
        return True
    with work(company_stamp(company)) as session:
        return _size(session) != "large" and not get(session, LOADED)


def _run(piece: DemoData, size: str, stamp: Stamp) -> Iterator[Any]:
    # A loader that yields is committed there: no transaction of ours lasts longer than a minute.
    with work(stamp) as session:
        steps = piece.load(session, size)
        if not isgenerator(steps):
            return
        for step in steps:
            session.commit()
            yield step
