"""The figures of a period, from the facts alone: of all of it, or by day, store or country."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Text,
    and_,
    case,
    column,
    func,
    literal,
    select,
    values,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from app.catalogue.models import Product
from app.company.models import Store
from app.insights.models import ClientFact, DayFact, ProductFact
from app.insights.queries.periods import Period
from app.kit.money import ZERO, money_sum, round_amount

By = Literal["all", "day", "week", "month", "store", "country"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose sales: of these stores (None: all one may see), to this country ("": unknown)."""

    store_ids: tuple[int, ...] | None = None
    country: str | None = None

    def conditions(self, fact: Any) -> list[ColumnElement[bool]]:
        """Return the same as conditions on a table of facts."""
        found = []
        if self.store_ids is not None:
            found.append(fact.store_id.in_(self.store_ids))
        if self.country is not None:
            found.append(fact.country == self.country)
        return found


@dataclass(frozen=True, slots=True)
class Spans:
    """The period and what it is compared with: as many days, so much earlier."""

    now: Period
    shift: int

    @property
    def before(self) -> Period:
        return self.now.earlier(self.shift)

    def rows(self) -> Any:
        """Both as a table, so that one statement reads them, even where they overlap."""
        table = values(
            column("earlier", Integer), column("first", Date), column("last", Date), name="span"
        )
        return table.data(
            [
                (0, self.now.first, self.now.last),
                (self.shift, self.before.first, self.before.last),
            ]
        )


@dataclass(slots=True)
class SalesFigures:
    """What was sold. `docs/metrics.md` says each of them in a sentence and a formula."""

    orders: int = 0
    revenue: Decimal = ZERO
    returns: int = 0
    returned: Decimal = ZERO
    adjustments: int = 0
    adjusted: Decimal = ZERO
    new: int = 0
    returning: int = 0

    @property
    def net(self) -> Decimal:
        return self.revenue - self.returned + self.adjusted

    def average(self, currency: str) -> Decimal | None:
        """Revenue per order; None where there was none."""
        return round_amount(self.revenue / self.orders, currency) if self.orders else None

    def add(self, other: SalesFigures) -> None:
        """Count the other's documents too; clients cannot be added."""
        self.orders += other.orders
        self.revenue += other.revenue
        self.returns += other.returns
        self.returned += other.returned
        self.adjustments += other.adjustments
        self.adjusted += other.adjusted


@dataclass(slots=True)
class Both:
    """The figures of the period and of what it is compared with."""

    now: SalesFigures = field(default_factory=SalesFigures)
    before: SalesFigures = field(default_factory=SalesFigures)

    def of(self, *, earlier: bool) -> SalesFigures:
        return self.before if earlier else self.now


def _key(fact: Any, span: Any, by: By) -> ColumnElement[Any]:
    """Return what rows are put together by. An earlier bucket has the name of its counterpart."""
    if by == "all":
        return sql_cast(literal("all"), Text)
    if by == "store":
        return sql_cast(fact.store_id, BigInteger)
    if by == "country":
        return sql_cast(fact.country, Text)
    day = fact.business_date + span.c.earlier
    begin = sql_cast(func.date_trunc(by, sql_cast(day, Date)), Date)
    return func.greatest(begin, span.c.first + span.c.earlier)


def _in_span(fact: Any, span: Any, scope: Scope) -> ColumnElement[bool]:
    inside = fact.business_date.between(span.c.first, span.c.last)
    return and_(inside, *scope.conditions(fact))


def sales(session: Session, spans: Spans, scope: Scope, by: By) -> dict[Any, Both]:
    """Return orders, returns and adjustments by the key."""
    span = spans.rows()
    key = _key(DayFact, span, by).label("key")
    rows = session.execute(
        select(
            key,
            (span.c.earlier > 0).label("earlier"),
            func.sum(DayFact.orders).label("orders"),
            money_sum(DayFact.gross).label("revenue"),
            func.sum(DayFact.returns).label("returns"),
            money_sum(DayFact.returned).label("returned"),
            func.sum(DayFact.adjustments).label("adjustments"),
            money_sum(DayFact.adjusted).label("adjusted"),
        )
        .join_from(span, DayFact, _in_span(DayFact, span, scope))
        .group_by(key, span.c.earlier)
    )
    found: dict[Any, Both] = {}
    for row in rows:
        figures = found.setdefault(row.key, Both()).of(earlier=row.earlier)
        figures.add(SalesFigures(*row[2:]))
    return found


def clients(session: Session, spans: Spans, scope: Scope, by: By) -> dict[Any, Both]:
    """Return new and returning clients by the key: new once, returning once in each bucket."""
    span = spans.rows()
    key = _key(ClientFact, span, by).label("key")
    begin = span.c.first
    if by in ("day", "week", "month"):
        begin = sql_cast(key.element - span.c.earlier, Date)
    rows = session.execute(
        select(
            key,
            (span.c.earlier > 0).label("earlier"),
            func.count().filter(ClientFact.is_first).label("new"),
            func.count(ClientFact.client_id.distinct())
            .filter(ClientFact.first_on < begin)
            .label("returning"),
        )
        .join_from(span, ClientFact, _in_span(ClientFact, span, scope))
        .group_by(key, span.c.earlier, span.c.first)
    )
    found: dict[Any, Both] = {}
    for row in rows:
        figures = found.setdefault(row.key, Both()).of(earlier=row.earlier)
        figures.new, figures.returning = row.new, row.returning
    return found


@dataclass(frozen=True, slots=True)
class Seller:
    """A product and what of it was sold, now and before."""

    product_id: int
    name: str
    units: int
    revenue: Decimal
    units_before: int
    revenue_before: Decimal


def best_sellers(
    session: Session, spans: Spans, scope: Scope, *, by_revenue: bool, limit: int = 10
) -> list[Seller]:
    """Return the products that brought most, or sold most often."""
    span = spans.rows()
    now, before = span.c.earlier == 0, span.c.earlier > 0
    sold = (
        select(
            ProductFact.product_id,
            _count(ProductFact.units, now).label("units"),
            _sum(ProductFact.revenue, now).label("revenue"),
            _count(ProductFact.units, before).label("units_before"),
            _sum(ProductFact.revenue, before).label("revenue_before"),
        )
        .join_from(span, ProductFact, _in_span(ProductFact, span, scope))
        .group_by(ProductFact.product_id)
        .subquery("sold")
    )
    order = (sold.c.revenue, sold.c.units) if by_revenue else (sold.c.units, sold.c.revenue)
    rows = session.execute(
        select(
            sold.c.product_id,
            Product.name,
            sold.c.units,
            sold.c.revenue,
            sold.c.units_before,
            sold.c.revenue_before,
        )
        .join(Product, Product.id == sold.c.product_id)
        .where(sold.c.units > 0)
        .order_by(*(one.desc() for one in order), sold.c.product_id)
        .limit(limit)
    )
    return [Seller(*row) for row in rows]


def _count(units: Any, condition: ColumnElement[bool]) -> ColumnElement[int]:
    # The sum of bigint is numeric: a Decimal in Python.
    return sql_cast(func.coalesce(func.sum(units).filter(condition), 0), BigInteger)


def _sum(amount: Any, condition: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return money_sum(case((condition, amount)))


def store_names(session: Session) -> dict[int, tuple[str, int | None]]:
    """Return the reader's stores by name, with franchise; archived ones too: they have sold."""
    rows = session.execute(
        select(Store.id, Store.name, Store.franchise_id).order_by(Store.name_fold, Store.id)
    )
    return {row.id: (row.name, row.franchise_id) for row in rows}


def countries(session: Session, spans: Spans) -> list[str]:
    """Return the countries that anything was sold to, now or before."""
    span = spans.rows()
    inside = DayFact.business_date.between(span.c.first, span.c.last)
    rows = session.scalars(select(DayFact.country).distinct().join_from(span, DayFact, inside))
    return sorted(rows)
