"""What a list is sorted and filtered by is compared by leakproof operators only.

Under row-level security PostgreSQL uses an index only for comparisons that cannot leak the value of a
hidden row; any other one makes it read every row of the company first.
"""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Column, Connection, Engine, text

from app.kit.screens import Screen
from app.kit.screens.attrs import fold_column
from app.kit.screens.screen_registry import screens

COMPARED = {
    "text": ("=", "<", ">="),
    "num": ("=", "<", ">", "<=", ">="),
    "money": ("=", "<", ">", "<=", ">="),
    "date": ("<", ">="),
    "choice": ("=",),
    "lookup": ("=",),
    "bool": (),  # IS TRUE and IS FALSE are no operators
}
# A page begins after (value, id) of the last row.
SORTED = ("=", "<", ">")

# varchar has no operators but text's, a domain those of its base, an enumeration those of all.
LEAKY = text("""
select format_type(a.atttypid, a.atttypmod)
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  left join pg_operator o on o.oprname = :operator and o.oprleft = o.oprright and o.oprleft =
    case when t.typtype = 'd' then t.typbasetype when t.typtype = 'e' then 'anyenum'::regtype
      when t.typname = 'varchar' then 'text'::regtype else t.oid end
  left join pg_proc p on p.oid = o.oprcode
 where a.attrelid = to_regclass(:table) and a.attname = :column
   and not coalesce(p.proleakproof, false)
""")


def compared(screen: Screen) -> Iterator[tuple[Column, str]]:
    """Yield each column that the screen sorts or filters by, with an operator it is compared by."""
    for name in screen.sortable:
        yield from ((fold_column(screen.attr(name).column), sign) for sign in SORTED)
    for name in screen.filters:
        attr = screen.attr(name)
        kind = attr.filter_kind
        column = fold_column(attr.column) if kind == "text" else attr.column
        yield from ((column, sign) for sign in COMPARED[kind])


def leaks(connection: Connection, table: str, column: str, operator: str) -> str | None:
    """Return the type of the column where its operator is not leakproof, else None."""
    values = {"table": f'"{table}"', "column": column, "operator": operator}
    return connection.scalar(LEAKY, values)


def test_lists_are_sorted_and_filtered_by_leakproof_operators(
    built_app: Flask, engine: Engine
) -> None:
    with built_app.app_context():
        asked = {
            (column.table.name, column.name, sign)
            for screen in screens().values()
            for column, sign in compared(screen)
        }
    with engine.connect() as connection:
        found = {one: leaks(connection, *one) for one in sorted(asked)}
    assert len(asked) > 100
    assert {one: kind for one, kind in found.items() if kind} == {}


@pytest.mark.parametrize("operator", SORTED)
def test_an_operator_that_can_leak_is_found(engine: Engine, operator: str) -> None:
    with engine.connect() as connection:
        assert leaks(connection, "orders", "rate", operator) == "numeric(18,8)"
        assert leaks(connection, "orders", "total", operator) is None
