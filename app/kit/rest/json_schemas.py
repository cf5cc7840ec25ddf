"""JSON columns as the description has them: what `info["format"]` says that they hold."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column

from app.kit import key_values, opening_hours, postal_address
from app.kit.screens.attrs import longest_of
from app.kit.screens.json_formats import MOST_LANGUAGES, texts_of

_TIME = {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
_SPANS = {
    "type": "array",
    "maxItems": opening_hours.MOST_SPANS,
    "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": _TIME},
}


def formed(column: Column[Any]) -> dict[str, Any] | None:
    """Return the schema of what a program may send; None where it is any object or list."""
    describe = _FORMS.get(str(column.info.get("format", "")))
    return None if describe is None else {"type": "object", **describe(column)}


def patched(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of what is merged into a value (RFC 7396): null takes a member away.

    How many members there may be is of what comes out, not of what is sent.
    """
    found = dict(schema)
    if found.get("type") == "object":
        found.pop("maxProperties", None)
        known, others = found.get("properties", {}), found.get("additionalProperties")
        if known:
            found["properties"] = {name: _or_null(one) for name, one in known.items()}
        if isinstance(others, Mapping):
            found["additionalProperties"] = _or_null(others)
    return found


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    # Of no schema at all null is one of the values.
    return {**patched(schema), "nullable": True} if schema else {}


def _hours(_column: Column[Any]) -> Mapping[str, Any]:
    dated = {
        "type": "object",
        "maxProperties": opening_hours.MOST_EXCEPTIONS,
        "additionalProperties": _SPANS,
    }
    days = dict.fromkeys(opening_hours.DAYS, _SPANS)
    return _closed({**days, opening_hours.EXCEPTIONS: dated})


def _address(_column: Column[Any]) -> Mapping[str, Any]:
    return _closed({part: {"type": "string", "nullable": True} for part in postal_address.LABELS})


def _pairs(_column: Column[Any]) -> Mapping[str, Any]:
    return {"maxProperties": key_values.MOST, "additionalProperties": {}}


def _texts(column: Column[Any]) -> Mapping[str, Any]:
    texts = {
        name: {"type": "string", "maxLength": longest_of(one)}
        for name, one in texts_of(column).items()
    }
    return {
        "maxProperties": MOST_LANGUAGES,
        "additionalProperties": {"type": "object", **_closed(texts)},
    }


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": properties, "additionalProperties": False}


_FORMS: dict[str, Callable[[Column[Any]], Mapping[str, Any]]] = {
    "hours": _hours,
    "address": _address,
    "pairs": _pairs,
    "texts": _texts,
}
