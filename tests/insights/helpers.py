"""What the tests of this folder share: delivering what was emitted, and facts as plain values."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clients.models import Client
from app.company.models import Store
from app.insights import events  # noqa: F401 -- subscribes
from app.insights.queries import documents
from app.kit.events import Happened
from app.kit.events.subscribing import SUBSCRIBERS
from app.orders import operations as orders
from app.orders.choices import OrderStatus
from app.orders.models import Adjustment, Order
from tests import factories

START = datetime(2026, 3, 30, 21, tzinfo=UTC)

_WAITING = text("""
select d.id, d.subscriber, e.id event_id, e.name, e.data, e.at, e.company_id
from event_delivery d join event e on e.id = d.event_id where d.state = 'waiting' order by d.id""")


def deliver(session: Session, *, shuffle: random.Random | None = None, twice: bool = False) -> None:
    """Hand every waiting event to its subscriber, in any order, perhaps twice."""
    session.flush()
    rows = list(session.execute(_WAITING))
    if shuffle:
        shuffle.shuffle(rows)
    for row in [*rows, *rows] if twice else rows:
        happened = Happened(row.event_id, row.name, row.data, row.at, row.company_id, None)
        subscriber = SUBSCRIBERS[row.name][row.subscriber]
        subscriber.call(session, [happened] if subscriber.batch else happened)
    session.execute(text("update event_delivery set state = 'done', done_at = now()"))


def facts(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of facts."""
    return {
        table: sorted(tuple(row) for row in session.execute(text(f"select * from {table}")))
        for table in ("day_fact", "product_fact", "client_fact")
    }


def disagreements(session: Session) -> list[Any]:
    """What the three invariants find."""
    session.flush()
    return [
        tuple(row)
        for offending in (
            documents.days_that_disagree,
            documents.products_that_disagree,
            documents.clients_that_disagree,
        )
        for row in session.execute(offending())
    ]


class Trade:
    """Stores in three zones, a few clients and variants, and things that happen by chance."""

    def __init__(self, session: Session, seed: int = 1) -> None:
        self.session, self.random = session, random.Random(seed)
        zones = ("Europe/Berlin", "Pacific/Auckland", "America/Sao_Paulo")
        self.stores: list[Store] = [
            factories.make_store(session, time_zone=zone, number=f"Z{n}{seed}")
            for n, zone in enumerate(zones)
        ]
        self.clients: list[Client | None] = [
            *(factories.make_client(session) for _ in range(6)),
            None,
        ]
        self.variants = [
            factories.make_variant(session, price=Decimal(price))
            for price in ("3.35", "10", "7.01")
        ]
        for store in self.stores:
            for variant in self.variants:
                factories.receive(session, variant, 5000, store_id=store.id)
        self.orders: list[Order] = []

    def step(self) -> None:
        """Let one thing happen."""
        self.random.choice(
            (self.sell, self.sell, self.sell, self.cancel, self.complete, self.back, self.adjust)
        )()

    def when(self) -> datetime:
        return START + timedelta(hours=self.random.randrange(24 * 40))

    def sell(self, **values: Any) -> Order:
        items = [
            orders.Item(self.random.randrange(1, 4), variant.id)
            for variant in self.random.sample(self.variants, self.random.randrange(1, 3))
        ]
        usual = {
            "store": self.random.choice(self.stores),
            "client": self.random.choice(self.clients),
            "country": self.random.choice(("DE", "FR", None)),
            "at": self.when(),
        }
        self.orders.append(factories.make_order(self.session, *items, **usual | values))
        return self.orders[-1]

    def _one(self, *statuses: OrderStatus) -> Order | None:
        found = [order for order in self.orders if order.status in statuses]
        return self.random.choice(found) if found else None

    def cancel(self) -> None:
        if order := self._one(OrderStatus.PLACED):
            orders.cancel_order(self.session, order, by=None, at=self.when())

    def complete(self) -> None:
        if order := self._one(OrderStatus.PLACED):
            orders.complete_order(self.session, order, by=None, at=self.when())

    def back(self) -> None:
        order = self._one(OrderStatus.COMPLETED)
        if order and order.returned < order.total:
            orders.return_order(self.session, order, by=None, at=self.when())

    def adjust(self) -> None:
        amount = Decimal(self.random.randrange(-900, 900) or 1) / 100
        adjustment = Adjustment(
            store_id=self.random.choice(self.stores).id,
            reason="other",
            description="By hand",
            amount=amount,
            at=self.when(),
        )
        orders.add_adjustment(self.session, adjustment, by=None, at=self.when())
