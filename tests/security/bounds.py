"""Values at the bounds of a described schema: what is just allowed, and what is just not."""

import re
from collections.abc import Mapping
from typing import Any

from app.kit.database.source import SAYS

Schema = Mapping[str, Any]
Samples = tuple[list[Any], list[Any]]
_DIGITS = re.compile(r"\[0-9\]\{1,(\d+)\}(?:\(\\\.\[0-9\]\{1,(\d+)\}0\*\))?")
_FORMS: Mapping[str, Samples] = {
    "date": (["2026-01-01", "0002-01-01"], ["", 5, "2026-02-30", "2026-01-01T00:00:00Z"]),
    "date-time": (
        ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+05:30"],
        ["", 5, "2026-01-01", "2026-01-01T00:00:00"],
    ),
}


def samples(schema: Schema) -> Samples:
    """Values that the schema allows, and others that it forbids, both as close as can be."""
    good, bad = _of_kind(schema)
    if schema:
        (good if schema.get("nullable") else bad).append(None)
    return good, bad


def least(schema: Schema) -> Any:
    """A value that the schema allows and that says no more than it must."""
    if schema.get("type") == "array":
        return [least(schema["items"])] * schema.get("minItems", 0)
    if "anyOf" in schema and "type" in schema["anyOf"][-1] and "properties" in schema["anyOf"][-1]:
        return least(schema["anyOf"][-1])
    if schema.get("type") == "object":
        known = schema.get("properties", {})
        return {name: least(known[name]) for name in schema.get("required", ())}
    return samples(schema)[0][0]


def _of_kind(schema: Schema) -> Samples:
    if "anyOf" in schema:
        return _either(schema)
    kind = schema.get("type")
    if "enum" in schema:
        return list(schema["enum"]), ["no-such", 1]
    if schema.get("format") in _FORMS:
        good, bad = _FORMS[schema["format"]]
        return list(good), list(bad)
    if kind is None:
        return [], []
    return _KINDS[kind](schema)


def _either(schema: Schema) -> Samples:
    kinds = {one.get("type"): one for one in schema["anyOf"]}
    if set(kinds) != {"string", "number"}:
        return [], []
    text, number = kinds["string"], kinds["number"]
    whole, places = _DIGITS.search(text["pattern"]).groups()
    good, bad = _number(number)
    inside = "1" if number.get("minimum", 0) >= 0 or number.get("maximum", 1) >= 1 else "0"
    good += [inside, f"{inside}.00000"]
    bad += ["9" * (int(whole) + 1), "x", True, "1e5", " 1", "1."]
    if places:
        good.append(f"{inside}.{'0' * (int(places) - 1)}")
        bad.append(f"{inside}.{'0' * int(places)}1")
    if not text["pattern"].startswith("^-?"):
        bad.append("-0")
    return [one for one in good if one != f"{inside}."], bad


def _number(schema: Schema) -> Samples:
    good: list[Any]
    bad: list[Any]
    good, bad = [], [True]
    for bound, excluded, beyond in (
        ("minimum", "exclusiveMinimum", -1),
        ("maximum", "exclusiveMaximum", 1),
    ):
        if (end := schema.get(bound)) is not None:
            bad.append(end + beyond)
            (bad if schema.get(excluded) else good).append(end)
    if schema["type"] == "integer":
        bad += ["1", 1.5]
    return good, bad


def _string(schema: Schema) -> Samples:
    good, bad, most = ["x"], [1], schema.get("maxLength")
    if most:
        good.append("x" * most)
        bad.append("x" * (most + 1))
        if schema.get("pattern", SAYS) == SAYS:
            good.append("\U0001f600" * most)
    if schema.get("minLength") or "pattern" in schema:
        bad.append("  ")
    else:
        good.append("")
    return good, bad


def _array(schema: Schema) -> Samples:
    few, most = schema.get("minItems", 0), schema.get("maxItems")
    bad: list[Any] = ["x", {}]
    if few:
        bad.append([])
    if most:
        bad.append([least(schema["items"])] * (most + 1))
    return [least(schema)], bad


def _object(schema: Schema) -> Samples:
    bad: list[Any] = ["x", []]
    if schema.get("additionalProperties") is False:
        bad.append({"no_such": 1})
    if (most := schema.get("maxProperties")) is not None:
        bad.append({f"n{one}": {} for one in range(most + 1)})
    return [{}], bad


_KINDS: Mapping[str, Any] = {
    "integer": _number,
    "number": _number,
    "string": _string,
    "boolean": lambda _schema: ([True, False], ["true", 1]),
    "array": _array,
    "object": _object,
}
