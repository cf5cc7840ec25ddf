"""How the pages of figures word days, periods, countries and amounts, in the reader's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel.dates import format_interval, format_skeleton
from flask_babel import gettext as _
from flask_babel import ngettext

from app.insights.queries.periods import Period, Step
from app.insights.screens.measures import Measure, Value
from app.insights.screens.parameters import Asked
from app.kit import codes
from app.kit.money_text import format_whole
from app.kit.screens.pages import Tone
from app.web import formats

# Above this the cents say nothing in a tile; the tables have them.
_WHOLE = Decimal(10_000)


def month_name(day: date) -> str:
    """Return the month of a day: Nov 2026."""
    return format_skeleton("yMMM", day, locale=formats.locale())


def bucket_name(period: Period, step: Step, today: date) -> str:
    """14 Nov; 9–15 Nov; Nov 2026."""
    where = formats.locale()
    if step == "month":
        return month_name(period.first)
    skeleton = "MMMd" if period.first.year == today.year else "yMMMd"
    if period.days == 1:
        return format_skeleton(skeleton, period.first, locale=where)
    return days_in_words(period, today)


def days_in_words(period: Period, today: date) -> str:
    """23 Oct – 21 Nov, with the year when it is another."""
    same_year = period.first.year == period.last.year == today.year
    skeleton = "MMMd" if same_year else "yMMMd"
    if period.days == 1:
        return format_skeleton(skeleton, period.first, locale=formats.locale())
    return str(format_interval(period.first, period.last, skeleton, locale=formats.locale()))


def country_name(code: str) -> str:
    """Germany for DE."""
    if not code:
        return _("Unknown country")
    return codes.country_name(code)


def amount(value: Value, measure: Measure, currency: str) -> str:
    """Return the figure of a tile."""
    if value is None:
        return formats.NONE
    if not measure.money:
        return formats.number(value)
    if abs(Decimal(value)) >= _WHOLE:
        return _whole(Decimal(value), currency)
    return formats.money(value, currency)


def _whole(value: Decimal, currency: str) -> str:
    return format_whole(value, currency).replace("-", formats.MINUS)


def change(now: Value, before: Value) -> str:
    """▲ 12.4 %; empty where there is nothing to compare."""
    return "" if now is None or before is None else formats.change(now, before)


def tone(measure: Measure, now: Value, before: Value) -> Tone:
    """Good or bad news: more is better, but for what should be less."""
    moved = change(now, before)
    if not moved or moved[0] not in "▲▼":
        return ""
    return "good" if (moved[0] == "▲") is not measure.down else "bad"


def compared(asked: Asked) -> str:
    """Return what the period is compared with: vs the 30 days before."""
    if asked.year:
        return _("vs the same weekdays last year")
    days = asked.spans.now.days
    return ngettext("vs the day before", "vs the %(num)d days before", days)


def earlier(asked: Asked) -> str:
    """Return the name of what it is compared with, at a line of a chart."""
    if asked.year:
        return _("A year ago")
    days = asked.spans.now.days
    return ngettext("The day before", "The %(num)d days before", days)
