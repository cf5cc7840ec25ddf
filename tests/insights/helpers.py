"""What the tests of this folder share: measures and their lists, and facts as plain values."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.catalogue.models import Variant
from app.clients.models import Client
from app.company.models import Store
from app.insights.models import ClientFact, DayFact, ProductFact
from app.insights.operations import rebuild_pieces
from app.insights.queries import documents
from app.insights.screens.measures import BY_NAME
from app.orders import operations as orders
from app.orders.choices import OrderStatus, ReturnStatus
from app.orders.models import Adjustment, GoodsReturn, Order, OrderLine
from tests import factories

# Measures that say what one row of their list comes to.
AVERAGES = {"average"}

START = datetime(2026, 3, 30, 21, tzinfo=UTC)


def adds_up(name: str, value: Decimal | None, count: int, total: Decimal) -> bool:
    """Whether a measure is what its list says: so many rows, and their sum."""
    if name in AVERAGES:
        return abs((value or 0) - total / count) < Decimal("0.01") if count else not value
    return value == (total if BY_NAME[name].money else count)


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


Reckoned = dict[tuple[Any, ...], tuple[Any, ...]]
_ZONES = {"EUR": "Europe/Berlin", "NZD": "Pacific/Auckland", "BRL": "America/Sao_Paulo"}
RATES = {"EUR": None, "NZD": Decimal("0.5417"), "BRL": Decimal("0.16935")}


def reckoned(session: Session) -> dict[str, Reckoned]:
    """What the facts have to be, from the documents row by row and by nothing that makes facts."""
    orders_of = [
        one
        for one in session.scalars(select(Order))
        if one.status not in {OrderStatus.DRAFT, OrderStatus.CANCELLED}
    ]
    return {
        "days": _reckoned_days(session, orders_of),
        "products": _reckoned_products(session, orders_of),
        "clients": _reckoned_clients(orders_of),
    }


def kept(session: Session) -> dict[str, Reckoned]:
    """The facts in the same form."""
    found: dict[str, Reckoned] = {"days": {}, "products": {}, "clients": {}}
    for day in session.scalars(select(DayFact)):
        found["days"][_cell(day)] = (
            day.orders, day.gross, day.returns, day.returned, day.adjustments, day.adjusted
        )  # fmt: skip
    for sold in session.scalars(select(ProductFact)):
        key = (*_cell(sold), sold.variant_id)
        found["products"][key] = (sold.product_id, sold.units, sold.revenue)
    for bought in session.scalars(select(ClientFact)):
        key = (*_cell(bought), bought.client_id)
        found["clients"][key] = (bought.orders, bought.gross, bought.first_on, bought.is_first)
    return found


def _cell(one: Any) -> tuple[int, date, str]:
    return one.store_id, one.business_date, one.country or ""


def _at_home(amount: Decimal, rate: Decimal, step: str) -> Decimal:
    return (amount * rate).quantize(Decimal(step), ROUND_HALF_UP)


def _reckoned_days(session: Session, sold: Iterable[Order]) -> Reckoned:
    sums: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, Decimal(0)] * 3)

    def add(document: Any, at: int, amount: Decimal) -> None:
        cell = sums[_cell(document)]
        cell[at] += 1
        cell[at + 1] += amount

    for order in sold:
        add(order, 0, _at_home(order.total, order.rate, "0.01"))
    for back in session.scalars(select(GoodsReturn)):
        if back.status is ReturnStatus.RECEIVED:
            add(back, 2, back.total_company)
    for given in session.scalars(select(Adjustment)):
        add(given, 4, _at_home(given.amount, given.rate, "0.01"))
    return {cell: tuple(values) for cell, values in sums.items()}


def _reckoned_products(session: Session, sold: Iterable[Order]) -> Reckoned:
    products = dict(session.execute(select(Variant.id, Variant.product_id)).all())
    units: Counter[tuple[Any, ...]] = Counter()
    revenue: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for order in sold:
        mine = select(OrderLine).where(OrderLine.order_id == order.id)
        for line in session.scalars(mine):
            if line.variant_id is not None:
                key = (*_cell(order), line.variant_id)
                units[key] += line.quantity
                revenue[key] += _at_home(line.amount, order.rate, "0.0001")
    return {key: (products[key[-1]], units[key], revenue[key]) for key in units}


def _reckoned_clients(sold: Iterable[Order]) -> Reckoned:
    found: dict[tuple[Any, ...], list[Order]] = defaultdict(list)
    first: dict[int, tuple[Any, ...]] = {}
    for order in sold:
        if (client := order.client_id) is not None:
            found[*_cell(order), client].append(order)
            mine = (order.business_date, order.placed_at, order.store_id, order.country or "")
            first[client] = min(first.get(client, mine), mine)
    made: Reckoned = {}
    for key, theirs in found.items():
        store, day, country, client = key
        begun, _at, at_store, to = first[client]
        gross = sum((_at_home(one.total, one.rate, "0.01") for one in theirs), Decimal(0))
        made[key] = (len(theirs), gross, begun, (begun, at_store, to) == (day, store, country))
    return made


class Trade:
    """Stores in three zones and currencies, clients and variants, and what happens by chance."""

    def __init__(self, session: Session, seed: int = 1) -> None:
        self.session, self.random = session, random.Random(seed)
        self.stores: list[Store] = [
            factories.make_store(session, time_zone=zone, currency=code, number=f"Z{code}{seed}")
            for code, zone in _ZONES.items()
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
            orders.Item(self.random.randrange(1, 4), variant.id, unit_price=variant.price)
            for variant in self.random.sample(self.variants, self.random.randrange(1, 3))
        ]
        usual = {
            "store": self.random.choice(self.stores),
            "client": self.random.choice(self.clients),
            "country": self.random.choice(("DE", "FR", None)),
            "at": self.when(),
        }
        values = usual | values
        values.setdefault("rate", RATES[values["store"].currency])
        self.orders.append(factories.make_order(self.session, *items, **values))
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
        store = self.random.choice(self.stores)
        adjustment = Adjustment(
            store_id=store.id,
            rate=RATES[store.currency],
            reason="other",
            description="By hand",
            amount=amount,
            at=self.when(),
        )
        orders.add_adjustment(self.session, adjustment, by=None, at=self.when())


def rebuild_facts(session: Session) -> None:
    """Compute all facts anew in the test's transaction."""
    for _done in rebuild_pieces(session):
        session.flush()
