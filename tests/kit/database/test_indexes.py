"""Every column that a screen sorts by, or a search looks through, has an index in the database itself."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, text

from app.kit.database.model import Model
from app.kit.screens import Screen
from app.kit.screens.attrs import fold_column
from app.kit.screens.screen_registry import screens

# Found by hand-written SQL over a person's row, which belongs to no company.
BY_HAND = {("membership", "id")}

INDEXES = text("""
select c.relname, m.amname, i.indisunique,
       array(select a.attname::text from unnest(i.indkey) with ordinality k(n, place)
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
              order by k.place) columns,
       array(select o.opcname::text from unnest(i.indclass) k(n) join pg_opclass o on o.oid = k.n)
         classes
  from pg_index i join pg_class c on c.oid = i.indrelid
  join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
 where i.indisvalid and i.indpred is null and c.relnamespace = 'public'::regnamespace""")


class Indexes:
    def __init__(self, connection: Connection) -> None:
        self.rows = connection.execute(INDEXES).all()

    def orders(self, table: str, column: str) -> bool:
        """Whether an index gives the order (company, column)."""
        return any(
            row.relname == table
            and row.amname == "btree"
            and row.columns[:2] == ["company_id", column]
            for row in self.rows
        )

    def searches(self, table: str, column: str) -> bool:
        """Whether an index serves `like '%…%'`."""
        return any(
            row.relname == table
            and row.amname == "gin"
            and row.columns == [column]
            and row.classes == ["gin_trgm_ops"]
            for row in self.rows
        )


@pytest.fixture
def indexes(engine: Engine) -> Iterator[Indexes]:
    with engine.connect() as connection:
        yield Indexes(connection)


def sorted_by(screen: Screen) -> Iterator[tuple[str, str]]:
    for name in screen.sortable:
        column = fold_column(screen.attr(name).column)
        if not column.primary_key:
            yield column.table.name, column.name


def test_every_column_that_a_list_is_sorted_by_has_an_index(
    built_app: Flask, indexes: Indexes
) -> None:
    with built_app.app_context():
        asked = {one for screen in screens().values() for one in sorted_by(screen)}
    assert len(asked) > 80
    assert {one for one in asked if not indexes.orders(*one)} == set()


def test_every_column_that_a_search_looks_through_has_a_trigram_index(indexes: Indexes) -> None:
    asked = {
        (look.table, look.column)
        for table in Model.metadata.tables.values()
        for look in table.info.get("search", ())
    } - BY_HAND
    assert len(asked) > 20
    assert {one for one in asked if not indexes.searches(*one)} == set()


def test_an_index_that_is_missing_is_found(indexes: Indexes) -> None:
    assert not indexes.orders("client", "note")
    assert not indexes.searches("client", "city")
    assert indexes.orders("client", "name_fold")
    assert indexes.searches("client", "name_fold")
