"""Every business table can be seen and has rights of its own, or somebody wrote down why not."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Table

from app.kit.database.model import Model
from app.kit.screens import Screen
from app.kit.screens.attrs import table_of
from app.kit.screens.screen_registry import screens

EXCUSED = {
    line.split(maxsplit=1)[0]
    for line in (Path(__file__).parent / "no_screen.txt").read_text().splitlines()
    if line.strip() and line[0] != "#"
}


def is_business(table: Table) -> bool:
    return "company_id" in table.c or "version" in table.c


def without_screen(tables: list[Table], registered: list[Screen]) -> set[str]:
    """The tables that no screen with rights of its own shows."""
    shown = {table_of(one.model).name for one in registered if one.view and one.permissions()}
    return {table.name for table in tables if is_business(table)} - shown


@pytest.fixture
def registered(built_app: Flask) -> list[Screen]:
    with built_app.app_context():
        return list(screens().values())


def test_every_business_table_has_a_screen_or_a_reason(registered: list[Screen]) -> None:
    missing = without_screen(list(Model.metadata.tables.values()), registered)
    assert missing - EXCUSED == set(), "declare a screen, or say why not in no_screen.txt"
    assert EXCUSED - missing == set(), "these have a screen now: take them out of no_screen.txt"


def test_a_table_whose_screen_is_taken_away_is_found(registered: list[Screen]) -> None:
    clients = Model.metadata.tables["client"]
    assert without_screen([clients], registered) == set()
    others = [one for one in registered if table_of(one.model) is not clients]
    assert without_screen([clients], others) == {"client"}
