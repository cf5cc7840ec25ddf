"""How the reader of this request writes numbers, days and stretches of time."""

from datetime import date, timedelta
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal
from flask_babel import get_locale

_ENGLISH = Locale("en", "GB")  # the design's English: 14 Nov, 09:14


def locale() -> Locale:
    """Return the reader's locale; English outside a request."""
    found: Locale | None = get_locale()
    if found is None or (found.language == "en" and found.territory is None):
        return _ENGLISH
    return found


def day_text(day: date) -> str:
    """Return a day with its year: 14 Nov 2026, 14.11.2026."""
    return format_date(day, "medium", locale())


def span_text(span: timedelta) -> str:
    """Return a stretch of time in its largest unit: 5 minutes, 6 hours."""
    return format_timedelta(span, threshold=1, locale=locale())


def number_text(number: int | Decimal) -> str:
    """Return a number with its thousands apart: 1,284.5."""
    return format_decimal(number, "#,##0.########", locale())
