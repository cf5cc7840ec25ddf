"""Values as JSON: one reader and one writer per column, made once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Integer,
    Numeric,
    Time,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.bounds import Bounds, bounds_of
from app.kit.column_validation import UNKEPT, fit, largest
from app.kit.database.session import db
from app.kit.email_address import normalise_email
from app.kit.errors import Invalid
from app.kit.money import LARGEST, STORED_DECIMALS
from app.kit.phone import read_phone
from app.kit.rest.json_schemas import formed, patched
from app.kit.rest.schema_validation import allows
from app.kit.screens.attrs import Attr, longest_of
from app.kit.screens.json_formats import check
from app.kit.screens.paging import BIGGEST_ID

LONGEST_NAME = 80
"""Of a country or language, where its code is kept."""
LONGEST_DECIMAL = 60
"""Of a text, zeros that say nothing among its digits."""
WHOLE_DIGITS = len(str(int(LARGEST)))
_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class ApiField:
    """One field of a resource.

    How its value is read from a row, taken from a caller, and described.
    """

    name: str
    attr: Attr
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    schema: Mapping[str, Any]

    @property
    def sent(self) -> Mapping[str, Any]:
        """What a caller may send.

        Of some choices fewer than there are to be read, JSON by the rules of today, a decimal as a
        number of JSON too.
        """
        if (form := formed(self.attr.column)) is not None:
            return {**{k: v for k, v in self.schema.items() if k != "anyOf"}, **form}
        if self.attr.target is not None:
            return self.schema
        if is_decimal(self.attr):
            plain = {k: v for k, v in self.schema.items() if k not in ("type", "pattern")}
            return {**plain, "anyOf": sent_decimal(self.attr)}
        if self.attr.choices is None:
            return self.schema
        return {**self.schema, "enum": [member.value for member in self.attr.offered]}

    @property
    def patched(self) -> Mapping[str, Any]:
        """What a caller may send to be merged into the present value."""
        return patched(self.sent)


def api_field(name: str, attr: Attr) -> ApiField:
    """Return the field of an attribute."""
    read, write, schema = _by_type(attr)
    # Behind a relation there may be nothing, or nothing that this reader may see.
    if attr.nullable or attr.path:
        schema = {**schema, "nullable": True}
    if attr.label:
        schema = {**schema, "title": attr.label}
    if attr.help:
        schema = {**schema, "description": attr.help}
    return ApiField(name, attr, read, write, schema)


def _by_type(attr: Attr) -> tuple[Callable[[Any], Any], Callable[[Any], Any], dict[str, Any]]:
    kind = attr.column.type
    if attr.target is not None:
        return _same, read_id, dict(ID_SCHEMA)
    if attr.choices is not None:
        values = [member.value for member in attr.choices]
        return _value, _choice(attr), {"type": "string", "enum": values}
    if attr.kind == "money":
        return decimal_text, _decimal(attr), _DECIMAL
    for types, (read, schema) in _TYPES:
        if isinstance(kind, types):
            return read, _WRITERS[types](attr), {**schema, **_limits(attr)}
    schema = {"type": "string", "maxLength": _longest(attr)}
    if pattern := attr.column.info.get("pattern"):
        schema["pattern"] = pattern
    return _same, _text(attr), schema


def _longest(attr: Attr) -> int:
    # A country may be sent by its name, which is longer than the code that is kept.
    return LONGEST_NAME if attr.codes is not None else longest_of(attr.column)


def is_decimal(attr: Attr) -> bool:
    """Whether its values are decimals, which are read as texts."""
    return attr.target is None and (attr.kind == "money" or isinstance(attr.column.type, Numeric))


def sent_decimal(attr: Attr) -> list[dict[str, Any]]:
    """Return how a decimal may be sent: as a text without rounding, or as a number."""
    (whole, places), bounds = _digits(attr), bounds_of(attr.column)
    sign = "" if bounds.least is not None and bounds.least >= 0 else "-?"
    decimals = rf"[0-9]{{1,{places}}}0*" if places else "0+"
    text = {
        "type": "string",
        "maxLength": LONGEST_DECIMAL,
        "pattern": rf"^{sign}0*[0-9]{{1,{whole}}}(\.{decimals})?$",
    }
    end = Decimal(10) ** whole
    held = Bounds(-end, end, above=True, below=True)
    if bounds.least is not None:
        held = replace(held, least=bounds.least, above=bounds.above)
    if bounds.most is not None:
        held = replace(held, most=bounds.most, below=bounds.below)
    return [text, {"type": "number", **_told(held)}]


def _digits(attr: Attr) -> tuple[int, int]:
    """Return how many digits are kept before and behind the point."""
    kind: Any = attr.column.type
    if attr.kind == "money":
        return WHOLE_DIGITS, STORED_DECIMALS
    if kind.precision is None:
        return 30, 20
    places = kind.scale or 0
    return kind.precision - places, places


def _told(bounds: Bounds) -> dict[str, Any]:
    """Return what a schema says of bounds."""
    found: dict[str, Any] = {}
    if bounds.least is not None:
        found |= {"minimum": _plain(bounds.least), "exclusiveMinimum": bounds.above}
    if bounds.most is not None:
        found |= {"maximum": _plain(bounds.most), "exclusiveMaximum": bounds.below}
    return {name: said for name, said in found.items() if said is not False}


def _plain(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


def _limits(attr: Attr) -> dict[str, Any]:
    """Return what a schema says of how much a column holds."""
    kind: Any = attr.column.type
    if isinstance(kind, Integer):
        most = largest(attr.column)
        return {"minimum": -most, "maximum": most, **_told(bounds_of(attr.column))}
    if isinstance(kind, ARRAY):
        item = "string" if kind.item_type.python_type is str else "integer"
        return {"items": {"type": item}, "maxItems": 1000}
    if not isinstance(kind, Numeric) or kind.precision is None:
        return {}
    whole, places = _digits(attr)
    return {"pattern": rf"^-?[0-9]{{1,{whole}}}(\.[0-9]{{1,{places}}})?$"}


def _same(value: Any) -> Any:
    return value


def _value(member: Any) -> Any:
    return None if member is None else str(member.value)


def decimal_text(value: Any) -> str | None:
    """Return a decimal without needless zeros, with at least two places."""
    if value is None:
        return None
    text = f"{value:f}"
    if "." not in text:
        return f"{text}.00"
    whole, _dot, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def _moment(value: Any) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _iso(value: Any) -> str | None:
    return None if value is None else value.isoformat()


ID_SCHEMA = {"type": "integer", "format": "int64", "minimum": 1, "maximum": BIGGEST_ID}
_DECIMAL = {
    "type": "string",
    "pattern": rf"^-?[0-9]{{1,{WHOLE_DIGITS}}}(\.[0-9]{{1,{STORED_DECIMALS}}})?$",
    "example": "12.50",
}
_TYPES: tuple[tuple[Any, tuple[Callable[[Any], Any], dict[str, Any]]], ...] = (
    (Boolean, (_same, {"type": "boolean"})),
    (DateTime, (_moment, {"type": "string", "format": "date-time"})),
    (Date, (_iso, {"type": "string", "format": "date"})),
    (Time, (_iso, {"type": "string", "pattern": _OF_DAY})),
    (Integer, (_same, {"type": "integer", "format": "int64"})),
    (Numeric, (decimal_text, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})),
    (ARRAY, (_same, {"type": "array", "items": {}})),
    (JSONB, (_same, {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]})),
)


# --- what callers send ----------------------------------------------------------------------------


def read_id(raw: Any) -> int:
    """Read an id and nothing else.

    An object here once made new rows (marshmallow-sqlalchemy issue 212).
    """
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Invalid(_("Send the id only."))
    if not 0 < raw <= BIGGEST_ID:
        raise Invalid(_("This does not exist."))
    return raw


def _choice(attr: Attr) -> Callable[[Any], Any]:
    def write(raw: Any) -> Any:
        found = next((one for one in attr.offered if one.value == raw), None)
        if found is None:
            raise Invalid(_("Choose one of the list."))
        return found

    return write


def _decimal(attr: Attr) -> Callable[[Any], Decimal]:
    text = sent_decimal(attr)[0]

    def write(raw: Any) -> Decimal:
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
            raise Invalid(_("Send a decimal as a text, like “12.50”."))
        if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
            raise Invalid(_("Send a decimal as a text, like “12.50”."))
        if isinstance(raw, str) and len(raw) > LONGEST_DECIMAL:
            raise Invalid(_("This number is too large."))
        found = Decimal(raw)
        if not isinstance(raw, str) and _is_far(found):
            raise Invalid(_("This number is too large."))
        fit(attr.column, found)
        if isinstance(raw, str) and not allows(text, raw):
            raise Invalid(_("Send a decimal as a text, like “12.50”."))
        return found

    return write


def _is_far(number: Decimal) -> bool:
    if not number.is_finite():
        return True
    return number.adjusted() > 30 or int(number.as_tuple().exponent) < -30


def _boolean(_attr: Attr) -> Callable[[Any], bool]:
    def write(raw: Any) -> bool:
        if not isinstance(raw, bool):
            raise Invalid(_("Send true or false."))
        return raw

    return write


def _datetime(_attr: Attr) -> Callable[[Any], datetime]:
    def write(raw: Any) -> datetime:
        if not isinstance(raw, str) or not _INSTANT.fullmatch(raw):
            raise Invalid(_("Send a moment like “2026-11-21T14:30:00Z”."))
        try:
            found = datetime.fromisoformat(raw)
        except ValueError as error:
            raise Invalid(_("Send a moment like “2026-11-21T14:30:00Z”.")) from error
        if not 1 < found.year < 9999:
            raise Invalid(_("This date is too far away."))
        return found.astimezone(UTC)

    return write


def _date(attr: Attr) -> Callable[[Any], date]:
    def write(raw: Any) -> date:
        if not isinstance(raw, str) or not _DAY.fullmatch(raw):
            raise Invalid(_("Send a date like “2026-11-21”."))
        try:
            found = date.fromisoformat(raw)
        except ValueError as error:
            raise Invalid(_("Send a date like “2026-11-21”.")) from error
        fit(attr.column, found)
        return found

    return write


def _time(_attr: Attr) -> Callable[[Any], time]:
    def write(raw: Any) -> time:
        if not isinstance(raw, str) or not re.fullmatch(_OF_DAY, raw):
            raise Invalid(_("Send a time like “14:30”."))
        return time.fromisoformat(raw)

    return write


def _integer(attr: Attr) -> Callable[[Any], int]:
    def write(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Invalid(_("Send a whole number."))
        fit(attr.column, raw)
        return raw

    return write


def _array(attr: Attr) -> Callable[[Any], list[Any]]:
    kind = attr.column.type.item_type.python_type  # type: ignore[attr-defined]

    def write(raw: Any) -> list[Any]:
        if not isinstance(raw, list) or len(raw) > 1000:
            raise Invalid(_("Send a list."))
        # Exactly the type: True is no number of a list of numbers.
        if any(type(one) is not kind for one in raw):
            words = _("Send a list of texts.") if kind is str else _("Send a list of numbers.")
            raise Invalid(words)
        return raw

    return write


def _json(attr: Attr) -> Callable[[Any], Any]:
    def write(raw: Any) -> Any:
        if not isinstance(raw, dict | list):
            raise Invalid(_("Send an object or a list."))
        return undecimal(check(attr.column, raw))

    return write


def undecimal(raw: Any) -> Any:
    """Numbers as JSON columns take them: the body is read with exact decimals."""
    if isinstance(raw, Decimal):
        return float(raw)
    if isinstance(raw, dict):
        return {key: undecimal(one) for key, one in raw.items()}
    return [undecimal(one) for one in raw] if isinstance(raw, list) else raw


def _text(attr: Attr) -> Callable[[Any], str]:
    longest, check = _longest(attr), attr.column.info.get("check")

    def write(raw: Any) -> str:
        if not isinstance(raw, str):
            raise Invalid(_("Send a text."))
        if len(raw) > longest:
            raise Invalid(_("At most %(number)s characters.", number=longest))
        if check is not None:
            check(raw)
        if attr.form == "phone" and raw:
            return read_phone(raw, db.session())
        if attr.form == "email" and raw:
            return normalise_email(raw)
        return attr.codes.read(raw) if attr.codes is not None and raw else raw

    return write


_WRITERS: dict[Any, Callable[[Attr], Callable[[Any], Any]]] = {
    Boolean: _boolean,
    DateTime: _datetime,
    Date: _date,
    Time: _time,
    Integer: _integer,
    Numeric: _decimal,
    ARRAY: _array,
    JSONB: _json,
}


def refuse_odd_texts(raw: Any, depth: int = 0) -> None:
    """Refuse what PostgreSQL cannot keep as text: NUL, and halves of UTF-16 pairs.

    Raises Invalid.
    """
    if depth > 50:
        raise Invalid(_("This is nested too deeply."))
    if isinstance(raw, str):
        if UNKEPT.search(raw):
            raise Invalid(_("A text holds characters that cannot be kept."))
    elif isinstance(raw, dict):
        for key, one in raw.items():
            refuse_odd_texts(key, depth + 1)
            refuse_odd_texts(one, depth + 1)
    elif isinstance(raw, list):
        for one in raw:
            refuse_odd_texts(one, depth + 1)
