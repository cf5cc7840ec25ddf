"""Where a record came from: another program, by its name, and the record's own key there.

The pair is unique in a company, so that what is brought in twice is found and not made again
(app/kit/rest/upsert.py). A table whose `source` means something else names the column otherwise.
"""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Column, Index, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.errors import Invalid

SOURCE = "[A-Za-z0-9_.:-]{1,60}"
LONGEST_KEY = 200
SAYS = r"[^\s\x1c-\x1f\x85]"
"""The pattern of a text that is more than spaces, to those too for whom `\\s` is less than ours."""
_PART = "source_part"


def check_source(name: str) -> None:
    """Raise Invalid for a name that could not stand in an address."""
    if not re.fullmatch(SOURCE, name):
        raise Invalid(_l("A source has 1 to 60 letters, digits or signs of “_.:-”."))


def check_key(key: str) -> None:
    """Raise Invalid for a key that is none, or too long."""
    if not key.strip() or len(key) > LONGEST_KEY:
        raise Invalid(_l("A key has 1 to %(number)s characters.", number=LONGEST_KEY))


def source_name() -> Any:
    """Return the column that names the other program."""
    info = {"label": _l("Source"), "computed": True, _PART: "name", "longest": 60}
    info |= {"pattern": f"^{SOURCE}$", "check": check_source}
    return mapped_column(Text, info=info, sort_order=80)


def source_key() -> Any:
    """Return the column with the record's key in the other program."""
    info = {"label": _l("Key in the source"), "computed": True, _PART: "key"}
    info |= {"longest": LONGEST_KEY, "pattern": SAYS, "check": check_key}
    return mapped_column(Text, info=info, sort_order=81)


class Source:
    """The pair under its usual names; the table adds `source_args`."""

    source: Mapped[str | None] = source_name()
    source_key: Mapped[str | None] = source_key()


def source_args(table: str, name: str = "source") -> tuple[Index, CheckConstraint]:
    """Return what keeps the pair of a table whole and unique."""
    return (
        Index(
            f"uq_{table}_source",
            "company_id",
            name,
            "source_key",
            unique=True,
            postgresql_where=text(f"{name} is not null"),
        ),
        CheckConstraint(f"({name} is null) = (source_key is null)", name=name),
    )


def source_of(table: Table) -> tuple[Column[Any], Column[Any]] | None:
    """Return the columns of the pair, or None."""
    parts = {column.info[_PART]: column for column in table.c if _PART in column.info}
    return (parts["name"], parts["key"]) if parts else None
