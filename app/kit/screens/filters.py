"""Filters of a list: read from the address, made comparisons that an index serves, said in words.

A filter that cannot be read never opens the list: the reader sees a red chip, a sentence, and no
rows. Only leakproof operators are made (architecture.md): =, <, > and IN on integers, text, dates
and booleans.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import ColumnElement, Integer, SmallInteger, and_

from app.kit import clock
from app.kit.choices import Choice
from app.kit.codes import Codes
from app.kit.database.session import db
from app.kit.errors import Invalid
from app.kit.fold import fold
from app.kit.i18n.reading import day_text, number_text
from app.kit.money_text import parse_amount
from app.kit.phone import home, phone_digits, phone_keys
from app.kit.screens.attrs import Attr, fold_column
from app.kit.screens.pages import FilterKind, FilterOperator, Text
from app.kit.screens.paging import BIGGEST_ID, read_id
from app.kit.screens.plan import ListPlan
from app.kit.zones import day_bounds

LAST = "\U0010ffff"
MOST_VALUES = 100
LARGEST_POWER = 30
"""A number with more digits before the point than any column holds is not sent to the database."""

_EMPTY = FilterOperator("empty", _l("is empty"), "none")
_FILLED = FilterOperator("filled", _l("is not empty"), "none")
_ORDERED = (
    FilterOperator("is", _l("is")),
    FilterOperator("more", _l("is more than")),
    FilterOperator("less", _l("is less than")),
    FilterOperator("between", _l("is between"), "two"),
)
OPERATORS: dict[FilterKind, tuple[FilterOperator, ...]] = {
    "text": (FilterOperator("is", _l("is")), FilterOperator("starts", _l("starts with"))),
    "num": _ORDERED,
    "money": _ORDERED,
    "date": (
        FilterOperator("on", _l("is on")),
        FilterOperator("before", _l("is before")),
        FilterOperator("after", _l("is after")),
        FilterOperator("between", _l("is between"), "two"),
        FilterOperator("last", _l("is in the last days")),
    ),
    "choice": (
        FilterOperator("is", _l("is one of"), "many"),
        FilterOperator("not", _l("is none of"), "many"),
    ),
    "bool": (FilterOperator("yes", _l("yes"), "none"), FilterOperator("no", _l("no"), "none")),
    "lookup": (FilterOperator("is", _l("is one of"), "many"),),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter in force. With `error` it could not be read, and `condition` is None."""

    attr: Attr | None
    field: str
    operator: str
    values: tuple[str, ...]
    condition: ColumnElement[bool] | None = None
    error: Text = ""
    words: str = ""
    """The part of the sentence after the subject; of a lookup filled in later."""


def operators_of(attr: Attr) -> tuple[FilterOperator, ...]:
    """Return the operators of an attribute; nullable ones can be asked for emptiness too."""
    kind = attr.filter_kind
    if kind is None:
        return ()
    found = OPERATORS[kind]
    return (*found, _EMPTY, _FILLED) if attr.nullable else found


def read_filter(
    plan: ListPlan,
    attrs: Mapping[str, Attr],
    field: str,
    operator: str,
    values: Sequence[str],
    zone: str,
) -> Filter:
    """Return the filter `field.operator=values`; it says itself whether it could be read."""
    attr = attrs.get(field)
    given = tuple(values)
    if attr is None:
        return Filter(
            None, field, operator, given, error=_("This list has no filter “%(name)s”.", name=field)
        )
    known = next((one for one in operators_of(attr) if one.name == operator), None)
    if known is None:
        return Filter(attr, field, operator, given, error=_("This filter is not known here."))
    try:
        _check_number(known, given)
        condition, words = _condition(plan, attr, operator, given, zone)
    except (Invalid, ValueError, InvalidOperation, OverflowError) as error:
        sentence = error.message if isinstance(error, Invalid) else _unreadable(given)
        return Filter(attr, field, operator, given, error=sentence)
    return Filter(attr, field, operator, given, condition, words=words)


def _unreadable(values: Sequence[str]) -> str:
    return _("“%(value)s” is not a value for this filter.", value=", ".join(values)[:80])


def _check_number(operator: FilterOperator, values: Sequence[str]) -> None:
    wanted = {"one": 1, "two": 2}.get(operator.takes)
    if wanted is not None and len(values) != wanted:
        raise Invalid(_("This filter needs another number of values."))
    if operator.takes == "many" and not 0 < len(values) <= MOST_VALUES:
        raise Invalid(_("This filter needs between 1 and 100 values."))


def _condition(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    column = plan.column(attr)
    if operator == "empty":
        return column.is_(None), _("is empty")
    if operator == "filled":
        return column.is_not(None), _("is not empty")
    return _READERS[cast("FilterKind", attr.filter_kind)](plan, attr, operator, values, zone)


def _text(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    value = values[0].replace("\x00", "")
    folded = fold_column(attr.column) is not attr.column
    column, wanted = plan.folded(attr), fold(value) if folded else value
    if not value:
        raise Invalid(_("Write what the text should be."))
    if operator == "is":
        kept = [wanted, *_dictated(attr, value)]
        same = column.in_(kept) if len(kept) > 1 else column == wanted
        return same, _("is “%(value)s”", value=value)
    # A prefix is a range: an index serves it under row-level security, LIKE would not be.
    return and_(column >= wanted, column < wanted + LAST), _("starts with “%(value)s”", value=value)


def _dictated(attr: Attr, value: str) -> list[str]:
    """Return the phone numbers as which a text may be kept, of a column that holds some."""
    if attr.form != "phone" and not attr.column.info.get("phones"):
        return []
    if not set(value) & set("0123456789"):
        return []
    keys = phone_keys(value, (home(db.session()),))
    return [f"+{key}" for key in (phone_digits(value), *keys)]


def _number_of(attr: Attr, text: str) -> int | Decimal:
    if attr.kind == "money":
        return parse_amount(text)
    if isinstance(attr.column.type, Integer):
        number = int(text.strip())
        small = isinstance(attr.column.type, SmallInteger)
        biggest = 2**15 - 1 if small else BIGGEST_ID
        if abs(number) > biggest:
            raise Invalid(_("This number is too large."))
        return number
    amount = Decimal(text.strip().replace(",", "."))
    if not amount.is_finite():
        raise ValueError(text)
    if amount and abs(amount.adjusted()) > LARGEST_POWER:
        raise Invalid(_("This number is too large."))
    return amount


def _number(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    column = plan.column(attr)
    numbers = [_number_of(attr, value) for value in values]
    return _ordered(column, operator, numbers, [number_text(number) for number in numbers])


def _ordered(
    column: ColumnElement[Any], operator: str, values: Sequence[Any], shown: Sequence[str]
) -> tuple[ColumnElement[bool], str]:
    first = shown[0]
    if operator == "is":
        return column == values[0], _("is %(value)s", value=first)
    if operator == "more":
        return column > values[0], _("is more than %(value)s", value=first)
    if operator == "less":
        return column < values[0], _("is less than %(value)s", value=first)
    (low, low_shown), (high, high_shown) = sorted(zip(values, shown, strict=True))
    return (
        and_(column >= low, column <= high),
        _("is between %(low)s and %(high)s", low=low_shown, high=high_shown),
    )


def _date(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    column = plan.column(attr)
    if operator == "last":
        days = int(values[0])
        if not 0 < days <= 36500:
            raise Invalid(_("Give a number of days between 1 and 36500."))
        since = clock.now() - timedelta(days=days)
        low: Any = since if attr.kind == "datetime" else since.date()
        words = ngettext("is in the last %(num)d day", "is in the last %(num)d days", days)
        return column >= low, words
    dates = sorted((_day_or_moment(attr, value) for value in values), key=str)
    shown = [_when_text(day) for day in dates]
    low, high = _bounds(attr, dates[0], zone)[0], _bounds(attr, dates[-1], zone)[1]
    if operator == "before":
        return column < low, _("is before %(day)s", day=shown[0])
    if operator == "after":
        return column >= high, _("is after %(day)s", day=shown[0])
    inside = and_(column >= low, column < high)
    if operator == "on":
        return inside, _("is on %(day)s", day=shown[0])
    return inside, _("is between %(low)s and %(high)s", low=shown[0], high=shown[1])


def _day_or_moment(attr: Attr, value: str) -> date:
    """Return a day, or the moment that a program gives of a column with a time."""
    if attr.kind != "datetime" or "T" not in value:
        return date.fromisoformat(value)
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(value)
    return found


def _when_text(day: date) -> str:
    return day.isoformat() if isinstance(day, datetime) else day_text(day)


def _bounds(attr: Attr, day: date, zone: str) -> tuple[date | datetime, date | datetime]:
    """Return the day, or a moment, as [first, next) in the type of the column."""
    if isinstance(day, datetime):
        return day, day + datetime.resolution
    if not 1 < day.year < 9999:
        raise Invalid(_("This date is too far away."))
    if attr.kind == "datetime":
        return day_bounds(day, zone)
    return day, day + timedelta(days=1)


def _choice(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    if attr.codes is not None:
        return _code(plan, attr, attr.codes, operator, values)
    choices = cast("type[Choice]", attr.choices)
    members = [choices(value) for value in values]
    column = plan.column(attr)
    shown = ", ".join(str(member.label) for member in members)
    if operator == "not":
        rest = [member for member in choices if member not in members]
        return column.in_(rest), _("is not %(values)s", values=shown)
    return column.in_(members), _("is %(values)s", values=shown)


def _code(
    plan: ListPlan, attr: Attr, codes: Codes, operator: str, values: tuple[str, ...]
) -> tuple[ColumnElement[bool], str]:
    column, known = plan.column(attr), [codes.read(value) for value in values]
    shown = ", ".join(map(codes.name, known))
    if operator == "not":
        return column.not_in(known), _("is not %(values)s", values=shown)
    return column.in_(known), _("is %(values)s", values=shown)


def _bool(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    column, yes = plan.column(attr), operator == "yes"
    return column.is_(yes), _("is yes") if yes else _("is no")


def _lookup(
    plan: ListPlan, attr: Attr, operator: str, values: tuple[str, ...], zone: str
) -> tuple[ColumnElement[bool], str]:
    ids = [read_id(value) for value in values]
    if None in ids:
        raise ValueError(values)
    return plan.column(attr).in_(ids), ""


_Reader = Callable[[ListPlan, Attr, str, tuple[str, ...], str], tuple[ColumnElement[bool], str]]
_READERS: dict[FilterKind, _Reader] = {
    "text": _text,
    "num": _number,
    "money": _number,
    "date": _date,
    "choice": _choice,
    "bool": _bool,
    "lookup": _lookup,
}
