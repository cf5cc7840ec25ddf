"""Who reads which entries of a table that tells of other tables' rows, like the audit trail.

Its `info` says `"of_records": True`: an entry (table_name, row_id, whole_id, before) is there for
those bound to stores as long as the row that it tells of is. Of a line, that is the record it was a
line of, and the line must have been of their stores when it was removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection, Table, text

from app.kit.database.install.rules import store_key
from app.kit.database.stamp import BOUND_ROLES

Rule = Callable[[Table], str | None]
"""Which rows of a table the role reads; None for none."""


def seen(trail: Table, rule: Rule, of_all: str, stores: str) -> str:
    """Return what is asked of an entry; `of_all` is the rule of a table that is open to the role.

    Each closed table is asked under its own policies. CASE keeps the other questions unasked.
    """
    tables = [one for one in trail.metadata.sorted_tables if "id" in one.c and rule(one)]
    open_ones = sorted(one.name for one in tables if rule(one) == of_all)
    closed = sorted((one for one in tables if rule(one) != of_all), key=lambda one: one.name)
    names = ", ".join(f"'{name}'" for name in open_ones)
    steps = [f"when {trail.name}.table_name in ({names}) then true"] if names else []
    steps += [
        f"when {trail.name}.table_name = '{one.name}' then {_tells(trail, one, stores)}"
        for one in closed
    ]
    return f"case {' '.join(steps)} else false end" if steps else "false"


def lift(connection: Connection) -> None:
    """Take these policies off for the time of a migration, which may drop a table they ask.

    Nobody bound to stores reads the trail then; `install` puts them back.
    """
    for table, policy in connection.execute(_THERE).all():
        connection.exec_driver_sql(f'drop policy "{policy}" on "{table}"')


_THERE = text(
    "select tablename, policyname from pg_policies"
    " where schemaname = 'public' and policyname = any (array["
    + ", ".join(f"'{role}_rows'" for role in BOUND_ROLES)
    + "]) and tablename = 'audit_entry'"
)


def _tells(trail: Table, table: Table, stores: str) -> str:
    row = f"exists (select 1 from {table.name} r where r.id = {trail.name}.row_id)"
    key = table.info.get("line_of")
    if key is None:
        return row
    whole = table.c[key].info["link"]
    of_whole = f"exists (select 1 from {whole} r where r.id = {trail.name}.whole_id)"
    asked = " and ".join([of_whole, *_image(trail, table, stores)])
    return f"case when {trail.name}.whole_id is null then {row} else {asked} end"


def _image(trail: Table, table: Table, stores: str) -> Iterator[str]:
    # Of a line that is there its record says enough; of one that is gone only its image is left.
    if (key := store_key(table)) is not None:
        store = f"({trail.name}.before ->> '{key}')::bigint"
        mine = f"{store} = any ({stores})"
        yield f"case when {trail.name}.action = 'delete' then {mine} else true end"
