"""Columns that bring a CHECK of their own: it joins the table with them, under their name."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, Table, event
from sqlalchemy.orm import MappedColumn, mapped_column

_CONDITION = "column_check"


def checked(condition: str, *args: Any, **kw: Any) -> MappedColumn[Any]:
    """Return a mapped column with a CHECK of `condition`, where {column} is its name."""
    info = {**kw.pop("info", {}), _CONDITION: condition}
    return mapped_column(*args, info=info, **kw)


@event.listens_for(Column, "after_parent_attach")
def _add_check(column: Column[Any], table: Any) -> None:
    """Add the CHECK once.

    A copy of the table (Alembic, to_metadata) copies the constraint by itself.
    """
    if isinstance(table, Table) and _CONDITION in column.info:
        condition = column.info.pop(_CONDITION).replace("{column}", column.name)
        table.append_constraint(CheckConstraint(condition, name=column.name))
