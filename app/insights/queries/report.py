"""The sales report: gross, returns, adjustments and net, exactly as the documents have them."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.company.models import Store
from app.insights.models import DayFact
from app.insights.queries.periods import Period
from app.kit.money import money_sum

ReportBy = Literal["month", "country", "store"]


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
