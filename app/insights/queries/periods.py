"""Which days a page is about, what they are compared with, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid
from app.kit.screens.pages import Text

Step = Literal["day", "week", "month"]
STEPS: Mapping[Step, Text] = {"day": _l("By day"), "week": _l("By week"), "month": _l("By month")}
PRESETS: Mapping[str, Text] = {
    "today": _l("Today"),
    "7": _l("Last 7 days"),
    "30": _l("Last 30 days"),
    "month": _l("This month"),
    "year": _l("This year"),
}
USUAL = "30"
# Whole weeks, so that Saturdays stand against Saturdays.
YEAR = 364
# Ten years of days are 3,653 facts for each store and country: still one read of an index.
LONGEST = 3653


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def earlier(self, days: int) -> Period:
        """As many days, so much earlier."""
        return Period(self.first - timedelta(days=days), self.last - timedelta(days=days))

    def starts(self, step: Step) -> Iterator[date]:
        """Yield the first day of each bucket; the first may begin amid a week or month."""
        day = self.first
        while day <= self.last:
            yield day
            day = following(day, step)

    def bucket(self, start: date, step: Step) -> Period:
        """Return the days of the bucket that begins with `start`."""
        return Period(start, min(following(start, step) - timedelta(days=1), self.last))


def following(day: date, step: Step) -> date:
    """Return the first day of the next week, month or day."""
    if step == "day":
        return day + timedelta(days=1)
    if step == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def preset(name: str, today: date) -> Period:
    """Return the days of a preset, up to today."""
    starts = {
        "today": today,
        "7": today - timedelta(days=6),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }
    return Period(starts.get(name, today - timedelta(days=29)), today)


def given(first: str, last: str) -> Period:
    """Return the period that a reader typed, whichever way round. Raises Invalid."""
    try:
        days = sorted(date.fromisoformat(text) for text in (first or last, last or first))
    except ValueError:
        raise Invalid(_("Write the days like 2026-11-21."), field="from") from None
    found = Period(days[0], days[1])
    if not 1900 < found.first.year <= found.last.year < 2200 or found.days > LONGEST:
        raise Invalid(_("Choose at most ten years."), field="from")
    return found


def usual_step(period: Period) -> Step:
    """By day for a month or so, by week for half a year, else by month."""
    return "day" if period.days <= 45 else "week" if period.days <= 200 else "month"
