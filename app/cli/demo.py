"""`flask crm demo`: the demo company, piece by piece, each piece a transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from inspect import isgenerator
from typing import Any

import click

from app.cli.company import company_option, stamp_for
from app.kit.database.session import work
from app.kit.database.stamp import Stamp
from app.kit.registry import DemoData, demo_data


@click.command()
@company_option
@click.option("--size", type=click.Choice(["small", "large"]), default="small", show_default=True)
def demo(slug: str, create: bool, size: str) -> None:  # noqa: FBT001 -- click hands it over so
    """Load the demo: small in seconds; large is 70,000 clients, 25,000 products, 300,000 orders."""
    load_demo(slug, size, create=create or slug == "demo")


def load_demo(slug: str, size: str, *, create: bool) -> None:
    """Run every part's demo data in order; what is there already stays as it is."""
    stamp = stamp_for(slug, create=create)
    for piece in demo_data:
        start = time.monotonic()
        for _ in _run(piece, size, stamp):
            pass
        click.echo(f"{piece.name}: {time.monotonic() - start:.1f} s")


def _run(piece: DemoData, size: str, stamp: Stamp) -> Iterator[Any]:
    # A loader that yields is committed there: no transaction of ours lasts longer than a minute.
    with work(stamp) as session:
        steps = piece.load(session, size)
        if not isgenerator(steps):
            return
        for step in steps:
            session.commit()
            yield step
