"""What a text may do with a value: few filters, each of bounded work, arguments and result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote

from flask_babel import lazy_gettext as _l
from markupsafe import escape

LONGEST_VALUE = 100_000
"""Longer than anything a text may say of a client; beyond it a value is refused, never cut."""

_MOST_DECIMALS = 6
_LARGEST = 10**15
_WORDS = re.compile(r"([-\s({\[<]+)")
_ROUNDING = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


class RenderError(Exception):
    """This recipient's values do not fit the text; the sentence says why."""


def shown(value: Any) -> str:
    """Return a value as it is printed: an absent one as nothing, never as "None"."""
    return value if type(value) is str else "" if value is None else str(value)


def cost_of(value: Any) -> int:
    """Return what it costs to look through a value once."""
    return 1 + len(value) // 50 if type(value) in (str, list, dict) else 1


@dataclass(frozen=True)
class Parameter:
    """An argument: its name, what is allowed, what it is when it is left out."""

    name: str
    allows: Callable[[Any], bool]
    default: Any


@dataclass(frozen=True)
class TextFilter:
    """A filter; `nothing` is what it makes of an absent value."""

    apply: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    nothing: Any = ""
    is_default: bool = False

    def options(self, given: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the arguments by name, None where one is unknown, double or not allowed."""
        known = {one.name: one for one in self.parameters}
        if len(given) > len(known):
            return None
        found = dict(zip(known, given, strict=False))
        if set(found) & set(named) or not set(named) <= set(known):
            return None
        found |= named
        if not all(known[name].allows(value) for name, value in found.items()):
            return None
        return {name: found.get(name, one.default) for name, one in known.items()}

    def call(self, value: Any, **options: Any) -> Any:
        """Return what becomes of the value, a few times as long at most. Raises RenderError.

        Whoever uses it asks whether it is too long (`grammar.py`), as of every value.
        """
        if value is None:
            return self.nothing
        return self.apply(value, **options)


def _several(value: Any) -> list[Any]:
    if type(value) is not list:
        raise RenderError(_l("“%(word)s” is not a list.", word=str(value)[:40]))
    return value


def _part(item: Any, attribute: str | None) -> Any:
    if attribute is None:
        return item
    return item.get(attribute) if type(item) is dict else None


def _join(value: Any, d: str, attribute: str | None) -> str:
    letters = type(value) is str
    parts, size = [], 0
    for item in value if letters else _several(value):
        parts.append(shown(item if letters else _part(item, attribute)))
        # Counted while it is made: no list may become a text that is not allowed anyway.
        size += len(parts[-1]) + len(d)
        if size > LONGEST_VALUE:
            raise RenderError(_l("A value is too long."))
    return d.join(parts)


def _sort(value: Any, reverse: bool, case_sensitive: bool, attribute: str | None) -> list[Any]:  # noqa: FBT001 -- arguments of the language
    def key(item: Any) -> Any:
        found = _part(item, attribute)
        return found.lower() if isinstance(found, str) and not case_sensitive else found

    return sorted(_several(value), key=key, reverse=reverse)


def _end(value: Any, at: int) -> Any:
    if type(value) not in (str, list):
        raise RenderError(_l("“%(word)s” is not a list.", word=str(value)[:40]))
    return value[at] if value else ""


def _length(value: Any) -> int:
    if type(value) not in (str, list, dict):
        raise RenderError(_l("“%(word)s” has no length.", word=str(value)[:40]))
    return len(value)


def _number(value: Any) -> Decimal | None:
    """Return the value as a number of at most fifteen digits, or None."""
    text = str(value).strip()
    try:
        # As written, never expanded: 1E400 stays a few characters and is found too large.
        found = Decimal(text) if len(text) <= 40 else None
    except ArithmeticError:
        return None
    if found is None or not found.is_finite() or not _is_small(found):
        return None
    return found


def _is_small(number: Decimal) -> bool:
    return number.adjusted() < 15


def _int(value: Any, default: int) -> int:
    number = _number(value)
    return default if number is None else int(number)


def _round(value: Any, precision: int, method: str) -> Decimal:
    number = _number(value)
    if number is None or isinstance(value, bool):
        raise RenderError(_l("“%(word)s” is not a number.", word=str(value)[:40]))
    return number.quantize(Decimal(1).scaleb(-precision), _ROUNDING[method])


def _title(value: Any) -> str:
    words = _WORDS.split(shown(value))
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def _truncate(value: Any, length: int, killwords: bool, end: str, leeway: int) -> str:  # noqa: FBT001 -- arguments of the language
    text = shown(value)
    if len(text) <= length + leeway:
        return text
    cut = text[: max(length - len(end), 0)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + end


def _off(name: str) -> Parameter:
    """Return a choice of yes and no that is no when it is left out."""
    return Parameter(name, lambda value: isinstance(value, bool), default=False)


def _short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


_ATTRIBUTE = Parameter("attribute", _short, None)

FILTERS: Mapping[str, TextFilter] = {
    "default": TextFilter(shown, is_default=True),
    "capitalize": TextFilter(lambda value: shown(value).capitalize()),
    "e": TextFilter(lambda value: str(escape(shown(value)))),
    "first": TextFilter(lambda value: _end(value, 0)),
    "int": TextFilter(_int, (Parameter("default", _whole(-_LARGEST, _LARGEST), 0),), nothing=0),
    "join": TextFilter(_join, (Parameter("d", _short, ""), _ATTRIBUTE)),
    "last": TextFilter(lambda value: _end(value, -1)),
    "length": TextFilter(_length, nothing=0),
    "lower": TextFilter(lambda value: shown(value).lower()),
    "round": TextFilter(
        _round,
        (
            Parameter("precision", _whole(0, _MOST_DECIMALS), 0),
            Parameter("method", lambda value: value in tuple(_ROUNDING), "common"),
        ),
    ),
    "sort": TextFilter(
        _sort,
        (_off("reverse"), _off("case_sensitive"), _ATTRIBUTE),
    ),
    "title": TextFilter(_title),
    "trim": TextFilter(
        lambda value, chars: shown(value).strip(chars), (Parameter("chars", _short, None),)
    ),
    "truncate": TextFilter(
        _truncate,
        (
            Parameter("length", _whole(1, 10_000), 255),
            _off("killwords"),
            Parameter("end", _short, "..."),
            Parameter("leeway", _whole(0, 100), 5),
        ),
    ),
    "upper": TextFilter(lambda value: shown(value).upper()),
    "urlencode": TextFilter(lambda value: quote(shown(value), safe="/")),
}
FILTERS = {**FILTERS, "d": FILTERS["default"], "escape": FILTERS["e"]}
