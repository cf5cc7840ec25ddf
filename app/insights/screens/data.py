"""The figures of a dashboard as plain values: what `/data` answers."""

from __future__ import annotations

from typing import Any

from app.insights.queries.figures import Both
from app.insights.queries.periods import Period
from app.insights.screens.links import Links
from app.insights.screens.measures import tiles_for
from app.insights.screens.reading import Reading


def of(found: Reading) -> dict[str, Any]:
    """Every figure with the address of its rows."""
    asked, links, measure = found.asked, Links(found.asked), found.measure
    now, before = asked.spans.now, asked.spans.before
    days = [(asked.spans.now.bucket(start, asked.step)) for start in now.starts(asked.step)]
    shift = asked.spans.shift
    return {
        "period": _days(now),
        "before": _days(before),
        "step": asked.step,
        "measure": measure.name,
        "currency": found.who.currency,
        "tiles": [
            {
                "name": one.name,
                **_values(found, one, found.total),
                "rows": links.rows(one, now),
                "rows_before": links.rows(one, before),
            }
            for one in tiles_for(money=found.money)
        ],
        "by_step": [
            {
                **_days(days_of),
                **_values(found, measure, found.by_step.get(days_of.first, Both())),
                "rows": links.rows(measure, days_of),
                "rows_before": links.rows(measure, days_of.earlier(shift)),
            }
            for days_of in days
        ],
        "by_store": [
            {
                "store": pk,
                "name": found.stores.get(pk, ("", None))[0],
                **_values(found, measure, both),
                "rows": links.rows(measure, now, store=pk),
            }
            for pk, both in found.by_store.items()
        ],
        "by_country": [
            {
                "country": code,
                **_values(found, measure, both),
                "rows": links.rows(measure, now, country=code),
            }
            for code, both in found.by_country.items()
        ],
        "best_sellers": [
            {
                "product": one.product_id,
                "name": one.name,
                "units": one.units,
                "units_before": one.units_before,
                **(
                    {"revenue": one.revenue, "revenue_before": one.revenue_before}
                    if found.money
                    else {}
                ),
                "rows": links.lines(one.product_id, now),
            }
            for one in found.sellers
        ],
        "problems": list(asked.problems),
    }


def _days(period: Period) -> dict[str, Any]:
    return {"first": period.first, "last": period.last}


def _values(found: Reading, measure: Any, both: Both) -> dict[str, Any]:
    return {"value": found.value(measure, both.now), "before": found.value(measure, both.before)}
