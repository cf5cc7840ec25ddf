"""The values of conditions: read by kind, refused in words, compared in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    SQLColumnExpression,
    and_,
    case,
    extract,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast

from app.company.models import Company
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.fold import fold
from app.kit.money import round_price
from app.kit.registry import SegmentCondition

NUMBER_OPERATORS = ("is", "is_not", "more_than", "less_than", "between")
CHOICE_OPERATORS = ("one_of", "none_of")
TEXT_OPERATORS = ("is", "is_not", "starts_with", "empty", "not_empty")
# Of a day that every client has, of one that some lack, and of one that comes again each year.
DATE_OPERATORS = ("in_last_days", "not_in_last_days", "before", "after", "between")
OPTIONAL_DATE_OPERATORS = (*DATE_OPERATORS, "empty", "not_empty")
BIRTHDAY_OPERATORS = ("in_next_days", *OPTIONAL_DATE_OPERATORS)
DAYS = frozenset({"in_last_days", "not_in_last_days", "in_next_days"})
NO_VALUE = frozenset({"empty", "not_empty"})
MOST_OPTIONS = 500
MOST_DAYS = 36_500
LONGEST = 200
LONGEST_NUMBER = 18
FIRST_YEAR, LAST_YEAR = 1800, 2200

LABELS = {
    "is": _l("is"),
    "is_not": _l("is not"),
    "one_of": _l("is one of"),
    "none_of": _l("is none of"),
    "more_than": _l("is more than"),
    "less_than": _l("is less than"),
    "between": _l("is between"),
    "before": _l("is before"),
    "after": _l("is after"),
    "in_last_days": _l("is in the last … days"),
    "not_in_last_days": _l("is longer ago than … days"),
    "in_next_days": _l("is in the next … days"),
    "starts_with": _l("begins with"),
    "empty": _l("is empty"),
    "not_empty": _l("is not empty"),
}


def read(condition: SegmentCondition, operator: str, value: Any) -> Any:
    """Return the value as Python has it. Raises Invalid, naming the condition."""
    if operator not in condition.operators:
        raise _wrong(condition)
    if operator in NO_VALUE:
        return None
    if _is_unfinished(value):
        raise Invalid(
            _l("“%(name)s” has no value yet.", name=condition.label), field=condition.name
        )
    if operator in DAYS:
        return _days(condition, value)
    reader = _READERS.get(condition.kind, _text)
    if operator == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise _wrong(condition)
        return [reader(condition, one) for one in value]
    if operator in CHOICE_OPERATORS:
        return [reader(condition, one) for one in _several(condition, value)]
    return reader(condition, value)


def _is_unfinished(value: Any) -> bool:
    """Whether somebody has yet to fill something in."""
    if isinstance(value, list):
        return not value or any(_is_unfinished(one) for one in value)
    return value is None or (isinstance(value, str) and not value.strip())


def anniversary(column: SQLColumnExpression[Any], operator: str, value: Any) -> ColumnElement[bool]:
    """Return the condition on a day that comes again each year, over the year's end too.

    Who was born on 29 February has it on the 28th in other years.
    """
    if operator not in ("in_next_days", "in_last_days"):
        return compare(column, operator, value)
    if value >= 365:
        return column.is_not(None)
    now = today()
    first, last = (now, now + value) if operator == "in_next_days" else (now - value, now)
    # Up to the day before the one after the last: that is the 29th where the 1st of March follows.
    begin, end, own = _of_year(first), _of_year(last + 1), _of_year(column)
    within = and_(own >= begin, own < end)
    return case((begin < end, within), else_=or_(own >= begin, own < end))


def today() -> ColumnElement[Any]:
    """Return the company's own day, as a date of the database."""
    return sql_cast(func.timezone(_zone(), literal(clock.now())), Date)


def _zone() -> Any:
    return select(Company.time_zone).scalar_subquery()


def _of_year(day: Any) -> ColumnElement[Any]:
    """Return month and day as one number: 229 for 29 February."""
    return extract("month", day) * 100 + extract("day", day)


def compare(column: SQLColumnExpression[Any], operator: str, value: Any) -> ColumnElement[bool]:
    """Return the condition on a column; `value` is what `read` gave."""
    return _COMPARISONS[operator](column, value)


def _wrong(condition: SegmentCondition) -> Invalid:
    return Invalid(_l("“%(name)s” cannot be read.", name=condition.label), field=condition.name)


def _several(condition: SegmentCondition, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > MOST_OPTIONS:
        raise Invalid(
            _l("Choose at least one for “%(name)s”.", name=condition.label), field=condition.name
        )
    return value


def _days(condition: SegmentCondition, value: Any) -> int:
    days = _whole(condition, value)
    if not 0 < days <= MOST_DAYS:
        raise _wrong(condition)
    return days


def _whole(condition: SegmentCondition, value: Any) -> int:
    words = str(value).strip()
    digits = words.removeprefix("-")
    if isinstance(value, bool) or not digits.isdecimal() or len(digits) > LONGEST_NUMBER:
        raise _wrong(condition)
    return int(words)


def _decimal(condition: SegmentCondition, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _wrong(condition) from None
    if not number.is_finite() or abs(number) >= 10**13 or round_price(number) != number:
        raise _wrong(condition)
    return number


def _date(condition: SegmentCondition, value: Any) -> date:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(condition) from None
    # Some days are added to it later: the calendar must not end before.
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _wrong(condition)
    return day


def _text(condition: SegmentCondition, value: Any) -> str:
    words = str(value).replace("\0", "").strip()
    if not words or len(words) > LONGEST or not isinstance(value, str | int):
        raise _wrong(condition)
    return words


def _choice(condition: SegmentCondition, value: Any) -> str:
    words = _text(condition, value)
    # Where the choices are fixed, any other would only be found out by the database.
    if condition.choices is not None and words not in set(condition.choices):
        raise _wrong(condition)
    return words


_READERS: dict[str, Callable[[SegmentCondition, Any], Any]] = {
    "number": _whole,
    "money": _decimal,
    "date": _date,
    "record": _whole,
    "choice": _choice,
}


def _moment(column: Any, day: date) -> Any:
    """Return the day as the column compares it: its beginning on the company's own clocks."""
    if column.type.python_type is not datetime:
        return day
    return func.timezone(_zone(), datetime.combine(day, time.min), type_=DateTime(timezone=True))


def _ago(column: Any, days: int) -> Any:
    """Return the beginning of the day so many days before the company's today."""
    day = today() - days
    if column.type.python_type is not datetime:
        return day
    return func.timezone(_zone(), sql_cast(day, DateTime), type_=DateTime(timezone=True))


def _between(column: SQLColumnExpression[Any], pair: list[Any]) -> ColumnElement[bool]:
    low, high = pair
    if isinstance(low, date):
        return and_(
            column >= _moment(column, low), column < _moment(column, high + timedelta(days=1))
        )
    return column.between(low, high)


_COMPARISONS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "is": lambda c, v: c == v,
    "is_not": lambda c, v: c.is_distinct_from(v),
    "one_of": lambda c, v: c.in_(v),
    "none_of": lambda c, v: func.coalesce(c.not_in(v), True),
    "more_than": lambda c, v: c > v,
    "less_than": lambda c, v: c < v,
    "between": _between,
    "before": lambda c, v: c < _moment(c, v),
    "after": lambda c, v: c >= _moment(c, v + timedelta(days=1)),
    "in_last_days": lambda c, v: c >= _ago(c, v),
    "not_in_last_days": lambda c, v: c < _ago(c, v),
    "starts_with": lambda c, v: and_(c >= fold(v), c < fold(v) + "\uffff"),
    "empty": lambda c, _: c.is_(None),
    "not_empty": lambda c, _: c.is_not(None),
}
