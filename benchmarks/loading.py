"""What is done inside the application, in a process of its own, on the database of the environment.

`python -m benchmarks.loading`
  load ORDERS            migrate, make the company, load the large demo with that many orders
  prepare                migrate
  found SLUG CURRENCY    migrate, make a company
  import FOLDER          import the real year; prints rows and seconds
  mail COUNT             order a sending to that many clients; prints when (monotonic) and its id
"""

from __future__ import annotations

import sys
import time
from inspect import isgenerator
from pathlib import Path
from typing import Any

from sqlalchemy import select

import config as configuration
from app import create_app, deploy
from app.cli.company import stamp_for
from app.cli.demo import COMPANY
from app.clients.choices import ContactChannel
from app.clients.models import ContactPoint
from app.kit.database.session import work
from app.kit.database.statistics import analyse
from app.kit.registry import demo_data
from app.messages import operations
from app.messages.choices import MessageChannel, MessagePurpose
from app.orders.demo import load_orders
from app.orders.imports.online_retail.run import run

# No measured page shows them, and they take minutes.
UNMEASURED = ("certificates", "expenses", "facts")
HTML = (
    "<h1>Good morning</h1>"
    + "<p>We picked a few things you may like, valid this week only in your store.</p>" * 12
)


def load(orders: int) -> None:
    """Migrate, make the company, and load the large demo with that many orders."""
    config = configuration.load()
    deploy.prepare(config, demo=False)
    url = config.database_owner_url or ""
    with create_app(config).app_context():
        stamp = stamp_for("demo", create=True, **COMPANY)
        for piece in demo_data:
            if piece.name in UNMEASURED:
                continue
            began = time.monotonic()
            with work(stamp) as session:
                steps = (
                    load_orders(session, "large", count=orders)
                    if piece.name == "orders"
                    else piece.load(session, "large")
                )
                if isgenerator(steps):
                    for number, _step in enumerate(steps):
                        session.commit()
                        if number == 0:
                            analyse(url)
            analyse(url)
            sys.stderr.write(f"  {piece.name}: {time.monotonic() - began:.1f} s\n")


def found(slug: str, currency: str) -> None:
    """Migrate, and make a company."""
    config = configuration.load()
    deploy.prepare(config, demo=False)
    with create_app(config).app_context():
        stamp_for(slug, create=True, currency=currency)


def import_year(folder: Path) -> None:
    """Import the real year into the company `demo`."""
    with create_app().app_context():
        stamp = stamp_for("demo")
        began = time.monotonic()
        report = run(stamp, [folder])
        print(report["rows"], time.monotonic() - began)


def mail(count: int) -> None:
    """Order a sending to clients with an email address."""
    with create_app().app_context():
        stamp = stamp_for("demo")
        columns: list[Any] = [
            ContactPoint.client_id.label("client_id"),
            ContactPoint.value.label("address"),
        ]
        audience = (
            select(*columns)
            .where(ContactPoint.channel == ContactChannel.EMAIL)
            .order_by(ContactPoint.id)
            .limit(count)
        )
        with work(stamp) as session:
            template = operations.make_template(
                session,
                f"Bench {time.time_ns()}",
                MessageChannel.EMAIL,
                MessagePurpose.TRANSACTIONAL,
            )
            version = operations.save_wording(session, template, subject="Hello", html=HTML)
            began = time.monotonic()
            number = operations.start(session, version, audience).id
        print(began, number)


def main(arguments: list[str]) -> None:
    """Do what the first word says."""
    match arguments:
        case ["load", orders]:
            load(int(orders))
        case ["prepare"]:
            deploy.prepare(configuration.load(), demo=False)
        case ["import", folder]:
            import_year(Path(folder))
        case ["mail", count]:
            mail(int(count))
        case ["found", slug, currency]:
            found(slug, currency)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
