"""CSV as files of the house are written: the one writer, and what makes a cell harmless.

Readers split at a comma, a semicolon or a tab, as their country has it, and a reader that splits
elsewhere than we do does not see our quotes either. So whatever could begin a cell of any of them
begins none of a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

MARK = "\ufeff"
"""With it Excel reads UTF-8 as such."""

# Where a cell begins for some reader, what readers skip there, and what begins a formula,
# full-width signs included.
_FORMULA = re.compile(
    "(^|[;,|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])"
    "([\"'\\s\u200b\ufeff]*+)"
    "(?=[=+\\-@\uff1d\uff0b\uff0d\uff20\u2212])"
)
_SKIPPED = ("\t", "\r", "\n")


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, wherever it splits the line."""
    made = _FORMULA.sub(r"\1\2'", text)
    return f"'{made}" if made.startswith(_SKIPPED) else made


def cell(value: Any) -> object:
    """Return a value as a cell for machines: amounts in full with a point, days as in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int | float) else safe(str(value))


def line(values: Iterable[Any]) -> str:
    """Return one line of a file."""
    return lines([values])


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return lines of a file, each value made a cell."""
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def distinct(heads: Iterable[str]) -> list[str]:
    """Return the heads with no two alike, whatever the case: Name, Name (2)."""
    found: list[str] = []
    taken: set[str] = set()
    for head in heads:
        name, number = head, 2
        while name.casefold() in taken:
            name, number = f"{head} ({number})", number + 1
        taken.add(name.casefold())
        found.append(name)
    return found
