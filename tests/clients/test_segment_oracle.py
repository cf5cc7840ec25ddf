"""Every condition and nested groups of them, against the same question asked in plain Python."""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.catalogue.models import Category, Product, Variant
from app.clients import operations as clients
from app.clients.choices import (
    Channel,
    ClientKind,
    ClientSource,
    ConsentSource,
    Purpose,
    Stage,
)
from app.clients.models import Client, ClientFigures, ConsentCurrent, ContactPoint
from app.clients.segments import compile_segment
from app.clients.segments import conditions as of_clients
from app.kit import clock
from app.kit.fold import fold
from app.kit.money import round_amount
from app.kit.registry import SegmentCondition, segment_conditions
from app.orders import operations
from app.orders import segments as of_orders
from app.orders.choices import COUNTED, OrderChannel
from app.orders.models import Order, OrderLine
from app.orders.operations import Item
from tests import factories

ALL = (*of_clients.ALL, *of_orders.ALL)
for known in ALL:
    segment_conditions.register(known)

BERLIN = ZoneInfo("Europe/Berlin")
COUNTRIES = ("DE", "GB", "BR", None)
CITIES = ("Kiel", "Bremen", "Köln", "KÖLN", None)
NOW = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)


class Born(date):
    """A birthday: it comes again each year."""

    def is_on(self, day: date) -> bool:
        leap = calendar.isleap(day.year)
        mine = (2, 28) if (self.month, self.day) == (2, 29) and not leap else (self.month, self.day)
        return (day.month, day.day) == mine


@pytest.fixture
def at_a_quarter_to_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Berlin the day ends an hour before it does in UTC."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


class World:
    """Clients with all that can be asked about them."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.chance = session, random.Random(seed)
        self.rates = {
            factories.make_store(session, currency=currency).id: rate
            for currency, rate in (("EUR", None), ("EUR", None), ("USD", Decimal("0.9137")))
        }
        self.stores = list(self.rates)
        self.brands = [factories.make_brand(session).id for _ in range(2)]
        top = factories.make_category(session).id
        below = factories.make_category(session, parent_id=top).id
        self.categories = [top, below, factories.make_category(session).id]
        self.products = [self._product() for _ in range(5)]
        for _ in range(25):
            self._client()
        session.flush()
        session.expire_all()
        self.facts = {one.id: self._facts(one) for one in session.scalars(select(Client))}

    def _product(self) -> int:
        product = factories.make_product(
            self.session,
            brand_id=self.chance.choice([*self.brands, None]),
            category_id=self.chance.choice([*self.categories, None]),
        )
        factories.make_variant(self.session, product=product)
        return int(product.id)

    def _moment(self) -> datetime:
        # Often near midnight, where the zones differ.
        day = NOW - timedelta(days=self.chance.randint(0, 400))
        return day.replace(hour=self.chance.choice([0, 12, 22, 23]), minute=15)

    def _client(self) -> None:
        chance, session = self.chance, self.session
        born = date(1980, 1, 1) + timedelta(days=chance.randint(0, 9000))
        client = factories.make_client(
            session,
            country=chance.choice(COUNTRIES),
            city=chance.choice(CITIES),
            region=chance.choice(CITIES),
            kind=chance.choice(list(ClientKind)),
            source=chance.choice(list(ClientSource)),
            preferred_channel=chance.choice([*Channel, None]),
            store_id=chance.choice([*self.stores, None]),
            birthday=chance.choice([born, None]),
            registered_at=self._moment(),
            stage=chance.choice(list(Stage)),
        )
        if chance.random() < 0.7:
            point = factories.make_contact_point(session, client=client)
            point.valid = chance.random() < 0.7
            point.archived_at = chance.choice([None, None, NOW])
        if chance.random() < 0.6:
            self._consent(client)
        for _ in range(chance.choice([0, 0, 1, 2, 4])):
            self._order(client)
        if chance.random() < 0.1:
            client.archived_at = NOW

    def _consent(self, client: Client) -> None:
        channel, purpose = self.chance.choice(list(Channel)), self.chance.choice(list(Purpose))
        at = NOW - timedelta(days=5)
        factories.make_consent_event(
            self.session, client=client, channel=channel, purpose=purpose, at=at
        )
        if self.chance.random() < 0.3:
            clients.withdraw_consent(
                self.session, client, channel, purpose,
                source=ConsentSource.LINK, by=None, at=NOW,
            )  # fmt: skip

    def _order(self, client: Client) -> None:
        variants = self.session.scalars(
            select(Variant.id).where(Variant.product_id.in_(self.chance.sample(self.products, 2)))
        ).all()
        items = [
            Item(self.chance.randint(1, 3), variant, unit_price=Decimal("9.99"))
            for variant in variants
        ]
        store = self.chance.choice(self.stores)
        order = factories.make_order(
            self.session,
            *items,
            client=client,
            store_id=store,
            rate=self.rates[store],
            country=self.chance.choice(["DE", "GB"]),
            channel=self.chance.choice([OrderChannel.SHOP, OrderChannel.PHONE]),
            at=self._moment(),
        )
        if self.chance.random() < 0.2:
            operations.cancel_order(self.session, order, by=None, at=NOW)
        elif self.chance.random() < 0.4:
            operations.complete_order(self.session, order, by=None, at=NOW)
            operations.return_order(self.session, order, by=None, at=NOW)

    def _facts(self, client: Client) -> dict[str, Any]:
        session, mine = self.session, client.id
        figures = session.scalars(
            select(ClientFigures).where(ClientFigures.client_id == mine)
        ).one()
        orders = session.scalars(select(Order).where(Order.client_id == mine)).all()
        orders = [one for one in orders if one.status in COUNTED]
        lines = session.scalars(
            select(OrderLine).where(OrderLine.order_id.in_([one.id for one in orders]))
        ).all()
        bought = [session.get_one(Product, one.variant.product_id) for one in lines if one.variant]
        points = session.scalars(select(ContactPoint).where(ContactPoint.client_id == mine)).all()
        consents = session.scalars(
            select(ConsentCurrent).where(ConsentCurrent.client_id == mine)
        ).all()
        own = ("stage", "kind", "source", "preferred_channel", "country", "city", "region")
        return {
            **{name: getattr(client, name) for name in own},
            "archived": client.archived_at is not None,
            "home_store": client.store_id,
            "registered": client.registered_at,
            "birthday": client.birthday and Born.fromisoformat(client.birthday.isoformat()),
            "contact": {p.channel for p in points if p.valid and p.archived_at is None},
            "consent": {
                c.channel for c in consents if c.granted and c.purpose is Purpose.MARKETING
            },
            "last_order": max((one.placed_at for one in orders if one.placed_at), default=None),
            "first_order": min((one.placed_at for one in orders if one.placed_at), default=None),
            "orders_count": len(orders),
            "orders_sum": sum(
                (round_amount(one.total * one.rate, "EUR") for one in orders), Decimal(0)
            ),
            "returns_count": figures.returns_count,
            "bought_product": {one.id for one in bought},
            "bought_brand": {one.brand_id for one in bought} - {None},
            "bought_category": {up for one in bought for up in self._above(one.category_id)},
            "order_country": {one.country for one in orders},
            "order_store": {one.store_id for one in orders},
            "order_channel": {one.channel for one in orders},
        }

    def _above(self, category: int | None) -> Iterator[int]:
        while category is not None:
            yield category
            category = self.session.get_one(Category, category).parent_id

    # --- asking ---------------------------------------------------------------------------------

    def value(self, condition: SegmentCondition, operator: str) -> Any:
        """Return some value that the condition can be compared with, as the editor sends it."""
        pick = self.chance
        if operator in ("empty", "not_empty"):
            return None
        if operator in ("in_last_days", "not_in_last_days", "in_next_days"):
            return pick.randint(1, 400)
        one = {
            "number": lambda: pick.randint(0, 4),
            "money": lambda: str(Decimal(pick.randint(0, 900)) / 10),
            "date": lambda: self._moment().date().isoformat(),
            "text": lambda: pick.choice([*self._said(condition.name), "kiel", "koln", "Nowhere"]),
        }.get(condition.kind) or (lambda: pick.choice(self._options(condition)))
        if condition.name == "birthday" and operator in ("before", "after", "between"):
            one = lambda: date(1980 + pick.randint(0, 25), 6, 1).isoformat()  # noqa: E731
        if operator == "between":
            return sorted((one() for _ in range(2)), key=lambda x: Decimal(x) if condition.kind
                          in ("number", "money") else x)  # fmt: skip
        if operator in ("one_of", "none_of"):
            return list(dict.fromkeys(one() for _ in range(pick.randint(1, 3))))
        return one()

    def _said(self, name: str) -> list[str]:
        """What texts clients have there, and how these begin."""
        texts = {facts[name] for facts in self.facts.values()} - {None}
        return sorted({*texts, *(text[:2] for text in texts)})

    def _options(self, condition: SegmentCondition) -> list[Any]:
        records = {
            "home_store": self.stores, "order_store": self.stores,
            "bought_product": self.products, "bought_brand": self.brands,
            "bought_category": self.categories,
        }  # fmt: skip
        if condition.name in records:
            return [str(one) for one in records[condition.name]]
        offered = [value for value, _label in condition.offered(self.session)]
        assert offered, f"{condition.name}: what can be chosen? choices= or options= says it"
        values = [facts.get(condition.name) for facts in self.facts.values()]
        held = {one for value in values for one in (value if isinstance(value, set) else {value})}
        assert held - {None} <= set(offered), (
            f"{condition.name}: clients have what nobody can choose"
        )
        return offered

    def leaf(self, condition: SegmentCondition, operator: str) -> dict[str, Any]:
        found = {"field": condition.name, "op": operator}
        value = self.value(condition, operator)
        return found if value is None else {**found, "value": value}

    def tree(self, depth: int) -> dict[str, Any]:
        word = self.chance.choice(["all", "any", "not", "leaf"]) if depth else "leaf"
        if word == "leaf":
            condition = self.chance.choice(ALL)
            return self.leaf(condition, self.chance.choice(condition.operators))
        if word == "not":
            return {"not": self.tree(depth - 1)}
        return {word: [self.tree(depth - 1) for _ in range(self.chance.randint(1, 3))]}

    def right(self, definition: dict[str, Any]) -> set[int]:
        return {
            pk for pk, facts in self.facts.items() if not facts["archived"] and true(facts, definition)
        }  # fmt: skip

    def found(self, definition: dict[str, Any]) -> set[int]:
        return set(self.session.scalars(compile_segment(definition)))


def true(facts: dict[str, Any], node: dict[str, Any]) -> bool:
    """What a definition means, said without SQL."""
    if "all" in node:
        return all(true(facts, part) for part in node["all"])
    if "any" in node:
        return any(true(facts, part) for part in node["any"])
    if "not" in node:
        return not true(facts, node["not"])
    have, kind = facts[node["field"]], segment_conditions[node["field"]].kind
    return compared(have, node["op"], plain(node.get("value"), kind))


def plain(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [plain(one, kind) for one in value]
    if value is None or isinstance(value, int):
        return value
    read = {"money": Decimal, "date": date.fromisoformat, "record": int}
    return read.get(kind, str)(value)


def compared(have: Any, operator: str, wanted: Any) -> bool:  # noqa: C901, PLR0911 -- one for each word
    if isinstance(have, set):
        return bool(have & set(wanted)) is (operator == "one_of")
    if operator in ("one_of", "none_of"):
        return (have in wanted) is (operator == "one_of")
    if isinstance(have, str) and isinstance(wanted, str):
        have, wanted = fold(have), fold(wanted)
    if operator == "starts_with":
        return bool(have) and have.startswith(wanted)
    if operator in ("is", "is_not"):
        return (have == wanted) is (operator == "is")
    if operator in ("empty", "not_empty"):
        return (have is None) is (operator == "empty")
    if have is None:
        return False
    here = have.astimezone(BERLIN).date() if isinstance(have, datetime) else have
    today = NOW.astimezone(BERLIN).date()
    if isinstance(have, Born) and operator in ("in_last_days", "in_next_days"):
        ahead = operator == "in_next_days"
        days = [today + timedelta(days=n if ahead else -n) for n in range(wanted + 1)]
        return any(have.is_on(day) for day in days)
    if operator in ("in_last_days", "not_in_last_days"):
        recent = here >= today - timedelta(days=wanted)
        return bool(recent) is (operator == "in_last_days")
    if operator == "between":
        return bool(wanted[0] <= here <= wanted[1])
    return bool(here > wanted if operator in ("more_than", "after") else here < wanted)


@pytest.fixture
def world(session: Session, built_app: Flask, at_a_quarter_to_midnight: None) -> Iterator[World]:
    with built_app.app_context():
        yield World(session, seed=4)


def test_every_condition_finds_whom_plain_python_finds(world: World) -> None:
    several = 0
    for condition in ALL:
        for operator in condition.operators:
            for _ in range(4):
                definition = world.leaf(condition, operator)
                right = world.right(definition)
                assert world.found(definition) == right, definition
                several += bool(right)
    assert several > 100


def test_clients_differ_in_whatever_can_be_asked(world: World) -> None:
    """Else a condition that is compared with plain Python is compared on nothing."""
    for name in (one.name for one in ALL):
        have = [facts.get(name, ...) for facts in world.facts.values()]
        assert ... not in have, f"say in _facts what {name} is of a client"
        assert len({str(one) for one in have}) > 1, f"give clients another {name} each, in _client"


def test_nested_conditions_find_whom_plain_python_finds(world: World) -> None:
    sizes = set()
    for _ in range(150):
        definition = world.tree(4)
        right = world.right(definition)
        assert world.found(definition) == right, definition
        sizes.add(len(right))
    assert len(sizes) > 8


def test_days_begin_when_they_begin_for_the_company(world: World) -> None:
    late = factories.make_client(
        world.session, registered_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    )
    after = {"field": "registered", "op": "after", "value": "2026-07-01"}
    assert late.id in world.found(after)
    world.session.execute(text("update company set time_zone = 'America/Sao_Paulo'"))
    assert late.id not in world.found(after)


@pytest.mark.parametrize(
    ("at", "days", "born", "found"),
    [
        ("2026-12-28", 7, "1990-01-04", True),
        ("2026-12-28", 7, "1990-01-05", False),
        ("2026-12-28", 7, "1990-12-27", False),
        ("2026-12-28", 7, "1990-12-28", True),
        ("2026-02-21", 7, "1992-02-29", True),
        ("2026-03-01", 7, "1992-02-29", False),
        ("2028-02-21", 7, "1992-02-29", False),
        ("2028-02-22", 7, "1992-02-29", True),
        ("2028-02-29", 1, "1992-02-29", True),
    ],
)
def test_birthdays_come_again_over_the_end_of_the_year_and_of_february(
    session: Session, monkeypatch: pytest.MonkeyPatch, at: str, days: int, born: str, *, found: bool
) -> None:
    now = datetime.fromisoformat(f"{at}T10:00:00+00:00")
    monkeypatch.setattr(clock, "now", lambda: now)
    one = factories.make_client(session, birthday=date.fromisoformat(born))
    asked = {"field": "birthday", "op": "in_next_days", "value": days}
    assert (one.id in session.scalars(compile_segment(asked)).all()) is found


def test_the_days_of_a_segment_are_those_of_the_companys_clocks(world: World) -> None:
    # 00:10 in Berlin, two days before the company's today, is three days before it in London.
    late = factories.make_client(
        world.session, registered_at=datetime(2026, 11, 17, 23, 10, tzinfo=UTC)
    )
    asked = {"field": "registered", "op": "in_last_days", "value": 2}
    assert late.id in world.found(asked)
    world.session.execute(text("update company set time_zone = 'Europe/London'"))
    assert late.id not in world.found(asked)


def test_the_companys_today_is_not_that_of_greenwich(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 12, 27, 23, 30, tzinfo=UTC))
    session.execute(text("update company set time_zone = 'Europe/Berlin'"))
    one = factories.make_client(session, birthday=date(1990, 1, 4))
    asked = {"field": "birthday", "op": "in_next_days", "value": 7}
    assert one.id in session.scalars(compile_segment(asked)).all()
    session.execute(text("update company set time_zone = 'America/Sao_Paulo'"))
    assert one.id not in session.scalars(compile_segment(asked)).all()
