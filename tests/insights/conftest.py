"""The whole application on a database with a lively month in it, for the tests of pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kit import clock
from app.kit.access import Reader
from app.kit.database import session as sessions
from app.kit.database.session import db, work
from app.kit.database.stamp import company_stamp
from app.kit.servers import TestServer
from app.orders import operations as orders
from config import Config
from tests import factories
from tests.databases import Database
from tests.events.delivering import deliver
from tests.insights.helpers import Trade
from tests.screens import bench

# The last day of what Trade does, so that "last 30 days" and the 30 before are full.
NOW = datetime(2026, 5, 9, 12, tzinfo=UTC)
EVERYTHING = frozenset(
    {
        ("read", "SalesDashboard"),
        ("read", "SalesReport"),
        ("export", "SalesReport"),
        *(("read", guard) for guard in ("money", "costs", "prices", "contacts")),
        *(("read", view) for view in ("Order", "OrderLine", "GoodsReturn", "Adjustment", "Client")),
    }
)
READER = Reader(
    user_id=7,
    name="Katrin Petersen",
    email="owner@example.com",
    company_id=1,
    company_name="Ours",
    rights=EVERYTHING,
    time_zone="Europe/Berlin",
    currency="EUR",
)


@dataclass
class Site:
    """The application and whose stores there are."""

    app: Flask
    stores: list[int]
    franchise: int
    theirs: int
    product: int

    def reader(self, **changes: object) -> Reader:
        return replace(READER, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(server: TestServer, module_database: Database, tmp_path_factory) -> Iterator[Site]:
    name = module_database.name
    config = dataclasses.replace(
        Config.from_env({"INSTANCE_DIR": str(tmp_path_factory.mktemp("instance"))}),
        database_url=server.url(name).replace("postgresql://", "postgresql+psycopg2://"),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url="redis://127.0.0.1:1/0",
    )
    from app import create_app

    before = sessions._engine
    made = create_app(config)
    made.config["WTF_CSRF_ENABLED"] = False
    bench.let_tests_choose_the_reader(made)
    with made.app_context():
        sessions.bind(db.engine)
        found = _fill(made)
    # Outside of the context: requests in it would share one `g`.
    yield found
    sessions._engine = before


def _fill(app: Flask) -> Site:
    with work(company_stamp(1)) as session:
        trade = Trade(session, 5)
        for _step in range(160):
            trade.step()
        franchise = factories.make_franchise(session, name="Coast")
        trade.stores[0].franchise_id = trade.stores[1].franchise_id = franchise.id
        old = trade.sell(at=NOW.replace(year=2025))
        orders.complete_order(session, old, by=None, at=NOW.replace(year=2025))
        deliver(session)
        found = Site(
            app, [store.id for store in trade.stores], franchise.id, 0, trade.variants[0].product_id
        )
    with work(company_stamp(2)) as session:
        theirs = factories.make_order(
            session,
            orders.Item(7, factories.make_variant(session, price=Decimal(9999)).id),
            client=factories.make_client(session, name="Their Client"),
            store=factories.make_store(session, name="Their Store"),
            country="JP",
            at=NOW,
        )
        deliver(session)
        found.theirs = theirs.store_id
    return found


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return site.app.test_client()


@pytest.fixture
def today() -> Iterator[None]:
    """It is the last day of the story."""
    with clock.frozen(NOW):
        yield


@pytest.fixture
def owner(site: Site, today: None) -> Iterator[Reader]:
    """Requests are made by somebody who may read everything."""
    with bench.signed_in(site.reader()) as _:
        yield site.reader()
