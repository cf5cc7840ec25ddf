"""Whether a schema of our description allows a value: what a program could have checked itself.

The parts of JSON Schema that the description uses, as OpenAPI 3.0 writes them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_TYPES: Mapping[str, Any] = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def allows(schema: Mapping[str, Any], raw: Any) -> bool:
    """Whether the schema allows this value."""
    if not schema:
        return True
    if raw is None:
        return bool(schema.get("nullable"))
    if "anyOf" in schema:
        return any(allows(one, raw) for one in schema["anyOf"])
    kind = schema["type"]
    if kind in ("integer", "number"):
        return _number(schema, raw)
    return isinstance(raw, _TYPES[kind]) and bool(_OF_TYPE[kind](schema, raw))


def _number(schema: Mapping[str, Any], raw: Any) -> bool:
    kinds = (int,) if schema["type"] == "integer" else (int, Decimal, float)
    if isinstance(raw, bool) or not isinstance(raw, kinds):
        return False
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and (raw < least or (schema.get("exclusiveMinimum") and raw == least)):
        return False
    return most is None or not (raw > most or (schema.get("exclusiveMaximum") and raw == most))


def _string(schema: Mapping[str, Any], raw: str) -> bool:
    if not schema.get("minLength", 0) <= len(raw) <= schema.get("maxLength", len(raw)):
        return False
    if "pattern" in schema and not re.search(schema["pattern"], raw):
        return False
    if "format" in schema and not _is_of(schema["format"], raw):
        return False
    return raw in schema.get("enum", (raw,))


def _is_of(form: str, raw: str) -> bool:
    try:
        if form == "date":
            return len(raw) == 10 and bool(date.fromisoformat(raw))
        if form == "date-time":
            return datetime.fromisoformat(raw).tzinfo is not None
    except ValueError:
        return False
    return True


def _array(schema: Mapping[str, Any], raw: list[Any]) -> bool:
    if not schema.get("minItems", 0) <= len(raw) <= schema.get("maxItems", len(raw)):
        return False
    return all(allows(schema.get("items", {}), one) for one in raw)


def _object(schema: Mapping[str, Any], raw: dict[str, Any]) -> bool:
    if len(raw) > schema.get("maxProperties", len(raw)):
        return False
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, value in raw.items():
        if name not in known and others is False:
            return False
        inner = known.get(name, others if isinstance(others, Mapping) else {})
        if not allows(inner, value):
            return False
    return all(name in raw for name in schema.get("required", ()))


_OF_TYPE: Mapping[str, Any] = {
    "string": _string,
    "boolean": lambda _schema, _raw: True,
    "array": _array,
    "object": _object,
}
