"""The sales report: gross, returns, adjustments and net, exactly as the documents have them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.company.models import Store
from app.insights.models import DayFact
from app.insights.queries.periods import Period
from app.kit import csv_text
from app.kit.money import money_sum, round_amount

ReportBy = Literal["month", "country", "store"]
SUMS = ("gross", "returns", "adjustments", "net")


def report_columns(by: str) -> list[str]:
    """Return the names of a row's values, in order."""
    return [by, "orders", *SUMS]


def report_csv(rows: Iterable[dict[str, Any]], by: str) -> str:
    """Return the rows as a file, which a page and a command write alike."""
    names = report_columns(by)
    return csv_text.lines([names, *([row[name] for name in names] for row in rows)])


def in_currency(rows: Iterable[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Return the rows as files and commands write them: each sum with the currency's decimals.

    Nothing is lost: one that has more of them keeps them.
    """
    return [
        {
            name: _in_full(value, currency) if isinstance(value, Decimal) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _in_full(value: Decimal, currency: str) -> Decimal:
    rounded = round_amount(value, currency)
    return rounded if rounded == value else value


def sales_report(
    session: Session, by: ReportBy | str = "month", *, period: Period | None = None
) -> list[dict[str, Any]]:
    """Return a row for each month (2026-11), country (DE; empty: unknown) or store, in order.

    Sums are Decimals in the company's currency. Without a period: everything.
    Raises KeyError for any other `by`.
    """
    keys: dict[str, Any] = {
        "month": func.to_char(DayFact.business_date, "YYYY-MM"),
        "country": DayFact.country,
        "store": Store.name,
    }
    # Stores may share a name.
    groups = (keys[by], Store.id) if by == "store" else (keys[by],)
    query = select(
        keys[by].label(by),
        func.sum(DayFact.orders).label("orders"),
        money_sum(DayFact.gross).label("gross"),
        money_sum(DayFact.returned).label("returns"),
        money_sum(DayFact.adjusted).label("adjustments"),
        money_sum(DayFact.net).label("net"),
    )
    if by == "store":
        query = query.join(Store, Store.id == DayFact.store_id)
    if period is not None:
        query = query.where(DayFact.business_date.between(period.first, period.last))
    rows = session.execute(query.group_by(*groups).order_by(*groups))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 -- SQLAlchemy's public name for it
