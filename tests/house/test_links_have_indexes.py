"""What hangs on a record is found by an index, however many rows others have."""

from collections.abc import Iterator

from flask import Flask
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from app.kit.database.model import Model

EXCUSED = {
    # Written with its event in hand; nobody asks from the event which answer it left.
    "consent_current.event_id",
    # A certificate's own ledger says where it was taken.
    "paid_by_way.certificate_id",
    # Read by day; a variant's sales come from the days asked for.
    "product_fact.variant_id",
}


def orders_of(table: Table) -> Iterator[list[str]]:
    """The columns of each index of the table that knows all rows with a link."""
    yield [column.name for column in table.primary_key]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield [column.name for column in constraint.columns]
    for index in table.indexes:
        names = [one.name for one in index.expressions if isinstance(one, Column)]
        where = index.dialect_options["postgresql"]["where"]
        if where is None or str(where) == f"{names[-1]} is not null":
            yield names


def twice(table: Table) -> set[str]:
    """The indexes of all rows whose order another index has as well.

    A key gives the order (company, number) as it is, and no two rows of one number to sort by id.
    """
    keys = [
        tuple(column.name for column in one.columns)
        for one in table.constraints
        if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)
    ]
    plain = {
        tuple(getattr(one, "name", str(one)) for one in index.expressions): str(index.name)
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is None and not index.unique
    }
    return {
        name
        for columns, name in plain.items()
        if any(columns != other and columns == other[: len(columns)] for other in (*keys, *plain))
        or any(columns == (*key, "id") for key in keys)
    }


def without_index(table: Table) -> set[str]:
    """The links of a table by which no index leads to its rows.

    But for stores: few, never deleted, and their rows are read by day or by document.
    """
    firsts = {tuple(n for n in names if n != "company_id")[:1] for names in orders_of(table)}
    return {
        f"{table.name}.{column.name}"
        for column in table.c
        if column.info.get("link") not in (None, "store") and (column.name,) not in firsts
    }


def test_every_link_has_an_index_that_knows_all_its_rows(built_app: Flask) -> None:
    assert built_app
    found = {one for table in Model.metadata.tables.values() for one in without_index(table)}
    assert found - EXCUSED == set(), "give it an index, or say here why not"
    assert EXCUSED - found == set(), "these have an index now: take them out"


def test_no_index_has_the_order_of_another(built_app: Flask) -> None:
    assert built_app
    tables = [one for one in Model.metadata.tables.values() if not one.name.startswith("ab_")]
    assert {name for table in tables for name in twice(table)} == set()


def test_an_index_that_is_there_twice_is_found() -> None:
    one = Table(
        "one",
        MetaData(),
        Column("id", BigInteger),
        Column("company_id", BigInteger),
        Column("number", BigInteger),
        Column("note", BigInteger),
        UniqueConstraint("company_id", "number"),
        Index("of_number", "company_id", "number", "id"),
        Index("of_note", "company_id", "note"),
        Index("of_note_and_id", "company_id", "note", "id"),
    )
    assert twice(one) == {"of_number", "of_note"}


def test_an_index_that_knows_some_rows_only_is_none() -> None:
    one = Table(
        "one",
        MetaData(),
        Column("company_id", BigInteger),
        Column("client_id", BigInteger, info={"link": "client"}),
        Index("some", "company_id", "client_id", postgresql_where=text("valid")),
    )
    assert without_index(one) == {"one.client_id"}
    Index(
        "given", one.c.company_id, one.c.client_id, postgresql_where=text("client_id is not null")
    )
    assert without_index(one) == set()
