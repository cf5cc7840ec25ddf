"""The bounds of a column, read from its CHECK constraints."""

from decimal import Decimal

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table

from app.kit.bounds import Bounds, bounds_of
from app.kit.column_validation import fit
from app.kit.errors import Invalid


def column(*checks: str) -> Column[int]:
    table = Table("shelf", MetaData(), Column("size", Integer), Column("depth", Integer))
    for one in checks:
        table.append_constraint(CheckConstraint(one))
    return table.c.size


@pytest.mark.parametrize(
    ("check", "bounds"),
    [
        ("size >= 0", Bounds(least=Decimal(0))),
        ("size > 0", Bounds(least=Decimal(0), above=True)),
        ("size < 10", Bounds(most=Decimal(10), below=True)),
        ("size between -90 and 90.5", Bounds(Decimal(-90), Decimal("90.5"))),
        ("size is null or size > 0", Bounds(least=Decimal(0), above=True)),
        ("size >= 0 or depth > 0", Bounds()),
        ("depth > 0", Bounds()),
        ("size <> 0", Bounds()),
        ("size >= depth", Bounds()),
    ],
)
def test_bounds_are_what_the_checks_say_of_one_column(check, bounds):
    assert bounds_of(column(check)) == bounds


def test_two_checks_make_both_ends():
    assert bounds_of(column("size >= 1", "size <= 5")) == Bounds(Decimal(1), Decimal(5))


@pytest.mark.parametrize(
    ("check", "value", "sentence"),
    [
        ("size > 0", 0, "This must be more than 0."),
        ("size >= 0", -1, "This must be at least 0."),
        ("size < 10", 10, "This must be less than 10."),
        ("size between 0 and 100", 101, "This must be at most 100."),
    ],
)
def test_what_lies_beyond_is_refused_in_words(built_app, check, value, sentence):
    with built_app.test_request_context(), pytest.raises(Invalid) as refused:
        fit(column(check), value)
    assert str(refused.value) == sentence
    fit(column(check), 5)
