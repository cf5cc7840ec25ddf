"""JSON columns whose `info["format"]` says what they hold: read by people, checked from callers.

"hours" are opening hours (app/kit/opening_hours.py), "address" is a postal address
(app/kit/postal_address.py), "pairs" are names with values (app/kit/key_values.py). "texts" are the
record's own texts in other languages, {"de": {"name": "Rute"}}; `info["texts_of"]` names their
columns, without it "name".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Column

from app.kit import key_values, opening_hours, postal_address
from app.kit.codes import language_name
from app.kit.errors import Invalid
from app.kit.key_values import as_text
from app.kit.screens.attrs import longest_of

MOST_LANGUAGES = 40
_EXAMPLE = '{"de": {"name": "Rute"}}'
_CODE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?", re.ASCII)


def in_words(column: Column[Any], value: Any) -> str:
    """Return a dict or list of a JSON column as lines of text."""
    value = told(column, value)
    if not value:
        return ""
    try:
        return _WRITERS.get(str(column.info.get("format", "")), _plain)(column, value)
    except (AttributeError, KeyError, TypeError, ValueError):
        # A row may be older than the rules of its format.
        return as_text(value)


def told(column: Column[Any], value: Any) -> Any:
    """Return what of a value the present reader is told: `info["told"]` decides, value by value."""
    tell = column.info.get("told")
    return value if tell is None or value is None else tell(value)


def check(column: Column[Any], value: Any) -> Any:
    """Return a program's value as it is kept; columns without a format take all. Raises Invalid."""
    checker = _CHECKERS.get(str(column.info.get("format", "")))
    return value if checker is None else checker(column, value)


def texts_of(column: Column[Any]) -> dict[str, Column[Any]]:
    """Return the columns whose texts in other languages a column holds."""
    table = column.table
    return {name: table.c[name] for name in column.info.get("texts_of", ("name",))}


def _plain(_column: Column[Any], value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {as_text(one)}" for key, one in value.items())
    return as_text(value)


def _hours_in_words(_column: Column[Any], value: Any) -> str:
    return "\n".join(opening_hours.lines(value))


def _texts_in_words(column: Column[Any], value: Mapping[str, Mapping[str, str]]) -> str:
    columns = texts_of(column)
    said = []
    for code, texts in value.items():
        for name, text in texts.items():
            label = columns[name].info.get("label", name) if name in columns else name
            head = language_name(code)
            said.append(f"{head}: {text}" if len(columns) == 1 else f"{head}, {label}: {text}")
    return "\n".join(said)


def _address_in_words(_column: Column[Any], value: Mapping[str, Any]) -> str:
    other = {k: as_text(one) for k, one in value.items() if k not in postal_address.LABELS}
    return "\n".join(postal_address.lines(value, other))


def _check_hours(_column: Column[Any], value: Any) -> Any:
    opening_hours.check_hours(value)
    return value


def _check_address(_column: Column[Any], value: Any) -> Any:
    return postal_address.read_address(value)


def _check_pairs(_column: Column[Any], value: Any) -> Any:
    key_values.check_pairs(value)
    return value


def _check_texts(column: Column[Any], value: Any) -> Any:
    columns = texts_of(column)
    if not isinstance(value, dict) or len(value) > MOST_LANGUAGES:
        raise Invalid(_("Send texts by language, like %(example)s.", example=_EXAMPLE))
    for code, texts in value.items():
        if not _CODE.fullmatch(code) or not isinstance(texts, dict):
            raise Invalid(_("Send texts by language, like %(example)s.", example=_EXAMPLE))
        for name, text in texts.items():
            if name not in columns or not isinstance(text, str):
                raise Invalid(_("These are texts of: %(names)s.", names=", ".join(columns)))
            longest = longest_of(columns[name])
            if len(text) > longest:
                raise Invalid(_("At most %(number)s characters.", number=longest))
    return value


_WRITERS: dict[str, Callable[[Column[Any], Any], str]] = {
    "hours": _hours_in_words,
    "texts": _texts_in_words,
    "address": _address_in_words,
}
_CHECKERS: dict[str, Callable[[Column[Any], Any], Any]] = {
    "hours": _check_hours,
    "texts": _check_texts,
    "address": _check_address,
    "pairs": _check_pairs,
}
