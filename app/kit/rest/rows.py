"""Plain rows as JSON objects: what to select for fields, and where each finds its value."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.kit.rest.values import ApiField
from app.kit.screens.attrs import called
from app.kit.screens.plan import ListPlan, labelled

Writers = Sequence[tuple[str, str, Any]]
"""(name in the object, label in the row, how it is written)"""


def selected(plan: ListPlan, fields: Iterable[ApiField]) -> tuple[list[Any], Writers]:
    """Return the columns to select for `fields` after one labelled "id", and their writers."""
    columns: list[Any] = []
    writers: list[tuple[str, str, Any]] = [("id", "id", None)]
    if "version" in plan.root.c:
        columns.append(labelled(plan.root.c.version, "v"))
        writers.append(("version", "v", None))
    for number, field in enumerate(fields):
        columns.append(labelled(plan.column(field.attr), f"c{number}"))
        writers.append((field.name, f"c{number}", field.read))
        if field.attr.target is not None:
            columns.append(labelled(plan.title(field.attr), f"t{number}"))
            writers.append((f"{field.name}_name", f"t{number}", _name_or_none))
    return columns, writers


def as_object(row: Any, writers: Writers) -> dict[str, Any]:
    """Return one row as a JSON object."""
    values: Mapping[str, Any] = row._mapping  # noqa: SLF001 -- its public name, whatever it begins with
    return {name: values[at] if read is None else read(values[at]) for name, at, read in writers}


def _name_or_none(value: Any) -> Any:
    return None if value is None else called(value, "")
