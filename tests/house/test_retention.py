"""What grows by itself is forgotten some day, or somebody wrote down why it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Table

from app.kit.database.model import Model
from app.kit.jobs import upkeep  # noqa: F401 -- it makes the schedule
from app.kit.jobs.schedules import SCHEDULES
from app.kit.retention import RULES

KEPT = {
    line.split(maxsplit=1)[0]
    for line in (Path(__file__).parent / "kept.txt").read_text().splitlines()
    if line.strip() and line[0] != "#"
}


def without_a_rule(tables: Iterable[Table], ruled: set[str]) -> set[str]:
    """The tables of which nobody said how long their rows are kept."""
    return {
        table.name
        for table in tables
        if "version" not in table.c and not table.name.startswith("ab_") and table.name not in ruled
    }


def test_every_table_has_a_rule_or_a_reason() -> None:
    ruled = {rule.table for rule in RULES}
    missing = without_a_rule(Model.metadata.tables.values(), ruled)
    assert missing - KEPT == set(), "add a rule beside the model, or say why not in kept.txt"
    assert KEPT - missing == set(), "these have a rule now: take them out of kept.txt"


def test_a_rule_that_is_taken_away_is_found() -> None:
    tables = [Model.metadata.tables["form_sent"], Model.metadata.tables["client"]]
    assert without_a_rule(tables, {"form_sent"}) == set()
    assert without_a_rule(tables, set()) == {"form_sent"}


def test_the_rules_are_gone_through_every_night() -> None:
    one = SCHEDULES["kit.retention"]
    assert one.at is not None
    assert one.job == "app.kit.retention.forget_old"
