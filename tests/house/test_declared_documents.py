"""What a document must declare, and nothing else reminds of: its number, its ways, its end."""

from __future__ import annotations

from importlib import import_module

import pytest
from sqlalchemy import Table

from app import parts
from app.kit.database.model import Model
from app.kit.numbering import series

parts.load_models()
TABLES = sorted(Model.metadata.tables.values(), key=lambda one: one.name)

# Tables whose status may go anywhere, or is kept on its ways by something else.
ANY_WAY = {
    "bulk_run": "its job alone writes it",
    "campaign": "a trigger has it follow its sending",
    "dispatch": "each statement of the dispatcher asks for the state before",
    "idempotency": "written once by whoever holds the key, and once when it is answered",
    "import_run": "its import alone writes it",
    "product": "published and withdrawn as often as people like",
}
# Lines of something that is never closed.
ALWAYS_OPEN = {"contact_point": "a client can be reached anew as long as there is a client"}


def has(column: str) -> list[Table]:
    return [one for one in TABLES if column in one.c]


@pytest.mark.parametrize("table", has("status"), ids=str)
def test_a_status_goes_its_ways_only(table: Table) -> None:
    assert ("transitions" in table.info) != (table.name in ANY_WAY), (
        f'{table.name}: info["transitions"] says from which state to which, or ANY_WAY why not'
    )


@pytest.mark.parametrize(
    "table", [one for one in has("number") if one.c.number.info.get("computed")], ids=str
)
def test_who_has_a_number_is_kept(table: Table) -> None:
    assert table.info.get("kept"), f'{table.name}: info["kept"] says from when no row may go'


@pytest.mark.parametrize("table", [one for one in TABLES if "line_of" in one.info], ids=str)
def test_lines_of_what_is_closed_stay(table: Table) -> None:
    assert bool(table.info.get("fixed_with")) != (table.name in ALWAYS_OPEN), (
        f'{table.name}: info["fixed_with"] says when its document is closed'
    )


def test_exceptions_are_of_tables_that_there_are() -> None:
    assert {*ANY_WAY, *ALWAYS_OPEN} <= {one.name for one in TABLES}


def test_every_number_series_is_looked_through_for_gaps() -> None:
    asked = {
        one.name
        for domain in parts.DOMAINS
        for one in getattr(import_module(f"app.{domain}.extends"), "INVARIANTS", ())
    }
    given = {one.name for one in series}
    assert given
    assert {name for name in given if f"numbers.{name}" not in asked} == set(), (
        "gapless(…) of each in INVARIANTS of its domain's extends.py"
    )
