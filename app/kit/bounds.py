"""How small and how large a column's values may be, read from its CHECK constraints.

`CheckConstraint("price >= 0")` is said once: the database refuses by it, forms and the API ask
`refuse_beyond` before, and the description of the API tells it to programs. Only what compares one
column with numbers counts; a check of several columns knows more than a bound can say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Column

from app.kit.errors import Invalid

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_COMPARED = re.compile(rf"(\w+) (>=|<=|>|<) {_NUMBER}")
_BETWEEN = re.compile(rf"(\w+) between {_NUMBER} and {_NUMBER}")
_OR_NOTHING = re.compile(r"(\w+) is null or (?=\1 )")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that a column takes, themselves left out if `above` or `below`."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: bool = False
    below: bool = False


@cache
def bounds_of(column: Column[Any]) -> Bounds:
    """Return the bounds of a column, none where no CHECK says any."""
    found: dict[str, Any] = {}
    for check in getattr(column.table, "constraints", ()):
        if isinstance(check, CheckConstraint):
            for name, bounds in _said(str(check.sqltext)):
                found |= bounds if name == column.name else {}
    return Bounds(**found)


def _said(check: str) -> Iterator[tuple[str, dict[str, Any]]]:
    bare = _OR_NOTHING.sub("", check)
    if between := _BETWEEN.fullmatch(bare):
        yield between[1], {"least": Decimal(between[2]), "most": Decimal(between[3])}
    elif compared := _COMPARED.fullmatch(bare):
        name, sign, number = compared[1], compared[2], Decimal(compared[3])
        if sign.startswith(">"):
            yield name, {"least": number, "above": sign == ">"}
        else:
            yield name, {"most": number, "below": sign == "<"}


def refuse_beyond(column: Column[Any], value: Decimal | int) -> None:
    """Raise Invalid for a number that the column's checks refuse."""
    bounds = bounds_of(column)
    if bounds.least is not None:
        if bounds.above and value <= bounds.least:
            raise Invalid(_l("This must be more than %(number)s.", number=bounds.least))
        if value < bounds.least:
            raise Invalid(_l("This must be at least %(number)s.", number=bounds.least))
    if bounds.most is not None:
        if bounds.below and value >= bounds.most:
            raise Invalid(_l("This must be less than %(number)s.", number=bounds.most))
        if value > bounds.most:
            raise Invalid(_l("This must be at most %(number)s.", number=bounds.most))
