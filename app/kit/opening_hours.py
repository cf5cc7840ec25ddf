"""Opening hours: spans by day of the week, with exceptions by date.

    {"mon": [["09:00", "12:30"], ["13:30", "18:00"]], "exceptions": {"2026-12-24": []}}

A day that is not named is closed if another one is; {} says nothing at all.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from babel.dates import format_date, get_day_names
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid
from app.kit.i18n.reading import locale

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXCEPTIONS = "exceptions"
MOST_SPANS = 6
MOST_EXCEPTIONS = 366

Spans = Sequence[Sequence[str]]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_TYPED = re.compile(r"(\d{1,2})(?:[:.h ]?(\d{2})?)?\s*(am|pm)?", re.ASCII | re.IGNORECASE)
_ORDER = _l("Opening hours go from earlier to later, such as 09:00 to 18:00.")


def read_time(text: str) -> str:
    """Read 9, 900, 9.30, 9:30 or 5:30 pm as HH:MM; 24:00 is the end of a day. Raises Invalid."""
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        raise Invalid(_("“%(text)s” is not a time. Write it like 09:00.", text=text.strip()[:20]))
    hour, minute, half = int(found[1]), found[2] or "00", (found[3] or "").lower()
    if half and 0 < hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    time = f"{hour:02}:{minute}"
    if not _TIME.fullmatch(time):
        raise Invalid(_("“%(text)s” is not a time. Write it like 09:00.", text=text.strip()[:20]))
    return time


def check_spans(spans: Any) -> None:
    """Raise Invalid unless the spans of a day are times, one after the other."""
    try:
        good = isinstance(spans, list | tuple) and len(spans) <= MOST_SPANS and _in_order(spans)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise Invalid(_ORDER)


def _in_order(spans: Spans) -> bool:
    before = ""
    for opens, closes in map(_pair, spans):
        if not (_TIME.fullmatch(opens) and _TIME.fullmatch(closes) and before <= opens < closes):
            return False
        before = closes
    return True


def _pair(span: Any) -> tuple[str, str]:
    if not isinstance(span, list | tuple):
        raise TypeError(span)
    opens, closes = span
    return opens, closes


def check_hours(hours: Any) -> None:
    """Raise Invalid unless these are opening hours."""
    if not isinstance(hours, dict) or set(hours) - {*DAYS, EXCEPTIONS}:
        raise Invalid(_l("Opening hours are given by day: mon, tue … sun, and exceptions."))
    dated = hours.get(EXCEPTIONS, {})
    if not isinstance(dated, dict) or len(dated) > MOST_EXCEPTIONS:
        raise Invalid(_l("Exceptions are given by date, such as 2026-12-24."))
    for day in dated:
        if _date(day) is None:
            raise Invalid(_l("Exceptions are given by date, such as 2026-12-24."))
    for spans in (*(hours[day] for day in DAYS if day in hours), *dated.values()):
        check_spans(spans)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def tidy(hours: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same hours in one form: the days that open, or all seven where none does."""
    week = {day: [list(span) for span in hours[day]] for day in DAYS if day in hours}
    if any(week.values()):
        week = {day: spans for day, spans in week.items() if spans}
    elif week:
        week = {day: [] for day in DAYS}
    dated = hours.get(EXCEPTIONS) or {}
    if not dated:
        return week
    return {**week, EXCEPTIONS: {day: [list(s) for s in dated[day]] for day in sorted(dated)}}


def day_name(day: str, width: str = "wide") -> str:
    """Return what a day is called in the reader's language."""
    names = get_day_names(width, "stand-alone", locale())  # type: ignore[arg-type]
    return str(names[DAYS.index(day)])


def lines(hours: Mapping[str, Any]) -> list[str]:
    """Return the hours as people read them: “Mon–Fri 09:00–18:00”; like days stand together."""
    found = []
    week = [(day, hours.get(day) or []) for day in DAYS]
    if any(day in hours for day in DAYS):
        for spans, days in groupby(week, key=lambda one: one[1]):
            names = [day_name(day, "abbreviated") for day, _spans in days]
            name = names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"
            found.append(f"{name} {spans_text(spans)}")
    dated = hours.get(EXCEPTIONS) or {}
    for day in sorted(dated):
        known = _date(day)
        name = format_date(known, "medium", locale()) if known else day
        found.append(f"{name}: {spans_text(dated[day])}")
    return found


def spans_text(spans: Spans) -> str:
    """Return “09:00–12:30, 13:30–18:00”, or that it is closed."""
    return ", ".join("–".join(span) for span in spans) or _("closed")
