"""The figures of a dashboard as plain values: what `/data` answers."""

from __future__ import annotations

from typing import Any

from app.insights.queries.figures import Both, Seller
from app.insights.queries.periods import Period
from app.insights.screens.links import Links
from app.insights.screens.measures import Measure, tiles_for
from app.insights.screens.reading import Reading

Values = dict[str, Any]


def of(found: Reading) -> Values:
    """Every figure with the address of its rows."""
    asked, links = found.asked, Links(found.asked)
    return {
        "period": _days(asked.spans.now),
        "before": _days(asked.spans.before),
        "step": asked.step,
        "measure": found.measure.name,
        "currency": found.who.currency,
        "tiles": [_tile(found, links, one) for one in tiles_for(money=found.money)],
        "by_step": _by_step(found, links),
        "by_store": [
            {
                "store": pk,
                "name": found.stores.get(pk, ("", None))[0],
                **_part(found, links, both, store=pk),
            }
            for pk, both in found.by_store.items()
        ],
        "by_country": [
            {"country": code, **_part(found, links, both, country=code)}
            for code, both in found.by_country.items()
        ],
        "best_sellers": [_seller(found, links, one) for one in found.sellers],
        "problems": list(asked.problems),
    }


def _tile(found: Reading, links: Links, measure: Measure) -> Values:
    return {
        "name": measure.name,
        **_values(found, measure, found.total),
        **_rows(links, measure, found.asked.spans.now, found.asked.spans.before),
    }


def _by_step(found: Reading, links: Links) -> list[Values]:
    step, spans = found.asked.step, found.asked.spans
    points = []
    for start in spans.now.starts(step):
        days = spans.now.bucket(start, step)
        points.append(
            {
                **_days(days),
                **_values(found, found.measure, found.by_step.get(start, Both())),
                **_rows(links, found.measure, days, days.earlier(spans.shift)),
            }
        )
    return points


def _part(found: Reading, links: Links, both: Both, **place: Any) -> Values:
    """Return what a store or country has of the whole."""
    spans = found.asked.spans
    return {
        **_values(found, found.measure, both),
        **_rows(links, found.measure, spans.now, spans.before, **place),
    }


def _seller(found: Reading, links: Links, one: Seller) -> Values:
    money = {"revenue": one.revenue, "revenue_before": one.revenue_before} if found.money else {}
    return {
        "product": one.product_id,
        "name": one.name,
        "units": one.units,
        "units_before": one.units_before,
        **money,
        "rows": links.lines(one.product_id, found.asked.spans.now),
        "rows_before": links.lines(one.product_id, found.asked.spans.before),
    }


def _rows(links: Links, measure: Measure, now: Period, before: Period, **place: Any) -> Values:
    return {
        "rows": links.rows(measure, now, **place),
        "rows_before": links.rows(measure, before, **place),
    }


def _days(period: Period) -> Values:
    return {"first": period.first, "last": period.last}


def _values(found: Reading, measure: Measure, both: Both) -> Values:
    return {"value": found.value(measure, both.now), "before": found.value(measure, both.before)}
