"""Who of those that are bound to stores sees which rows of a table, and of all that hangs on it.

A table whose rows are not everybody's says so in its `info`, for each role of `NARROW_ROLES`:
`"visibility": {Role.STORE_CLIENTS: Visibility(…)}`. Every table with a link to it follows by
itself: a row that names a record is there for those who see the record. The exceptions:

- a row of a store (`store_id`) that may name a record (the link is nullable, like an order's
  client) is read as the store's; only writing it asks for the record, or a forged id would open it;
- `"apart": "why"` of a table: the link says nothing about who may read its rows;
- a table without the link follows one that has it by `"follows": "lot_id"`;
- a column that names a record without a key does so by `info={"names": "client"}`;
- `"names_in": "data"`: the table's rows name records in that column of JSON, as `client_id` or
  `client_ids`. Who made such a row named them, and goes on reading it.

`"bound_as"` is the SELECT that stands in place of the table for those bound to stores, as a view
of the same name in the schema `bound`, which their `search_path` names first: sums over all stores
cannot be read by somebody who is bound to some of them, whatever statement asks. `"bound_by"` names
the table whose rows it sums, and the column there by which they hang on the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Table

from app.kit.database.install.rules import USER_IS, store_key
from app.kit.database.stamp import BOUND_ROLES, Role

SCHEMA = "bound"


@dataclass(frozen=True, slots=True)
class Visibility:
    """A record is seen by whom `table` names it in `column`.

    Rows of `table` are the reader's by a policy of its own; `mine` says the same for functions that
    run outside the policies. There `$4` is the array of the reader's stores.
    """

    table: str
    column: str
    mine: str

    def of(self, key: str) -> str:
        """Return the condition that the record `key` is seen, under the policies."""
        # EXISTS: PostgreSQL asks the index for a few rows and hashes for many.
        return f"exists (select 1 from {self.table} s where s.{self.column} = {key})"

    def outside(self, key: str) -> str:
        """Return the same for a function that runs outside the policies; `$1` is the company."""
        return (
            f"exists (select 1 from {self.table} s"
            f" where s.company_id = $1 and s.{self.column} = {key} and {self.mine})"
        )


def keys(table: Table) -> dict[str, Table]:
    """Return the columns by which rows name a record that not everybody sees, and its table."""
    if table.info.get("apart"):
        return {}
    found = {}
    for column in table.c:
        name = column.info.get("link") or column.info.get("names")
        target = table.metadata.tables.get(name) if name else None
        if target is not None and target.info.get("visibility"):
            found[column.name] = target
    return found


def seen(table: Table, role: Role) -> Iterator[str]:
    """Return what is asked of a row before this narrow role reads it."""
    for name, target in keys(table).items():
        column = table.c[name]
        if not _is_the_stores(table, column):
            yield _condition(column, target, role)
    if follows := table.info.get("follows"):
        target_name = table.c[follows].info["link"]
        yield f"exists (select 1 from {target_name} f where f.id = {table.name}.{follows})"
    if data := table.info.get("names_in"):
        yield from _named(table, data, role)


def _named(table: Table, name: str, role: Role) -> Iterator[str]:
    data = f"{table.name}.{name}"
    for target in table.metadata.tables.values():
        if not target.info.get("visibility"):
            continue
        sight: Visibility = target.info["visibility"][role]
        key = f"({data}->>'{target.name}_id')::bigint"
        one, many = f"{target.name}_id", f"{target.name}_ids"
        yield (
            f"case when {table.name}.created_by is not distinct from {USER_IS} then true"
            f" when {data}->>'{one}' is not null then {sight.of(key)}"
            f" when jsonb_typeof({data}->'{many}') = 'array' then not exists"
            f" (select 1 from jsonb_array_elements_text({data}->'{many}') n"
            f" where not {sight.of('n.value::bigint')})"
            " else true end"
        )


def written(table: Table, role: Role) -> Iterator[str]:
    """Return what is asked of a row besides before this narrow role writes it."""
    for name, target in keys(table).items():
        column = table.c[name]
        if _is_the_stores(table, column):
            yield _condition(column, target, role)


def read_as_the_stores(table: Table) -> bool:
    """Say whether the table's rows are read as a store's, whatever record they name."""
    return any(_is_the_stores(table, table.c[name]) for name in keys(table))


def _is_the_stores(table: Table, column: Column[int]) -> bool:
    return column.nullable is True and store_key(table) is not None


def _condition(column: Column[int], target: Table, role: Role) -> str:
    key = f"{column.table.name}.{column.name}"
    sight: Visibility = target.info["visibility"][role]
    # CASE, for an OR would stand in the way of every index.
    return (
        f"case when {key} is null then true else {sight.of(key)} end"
        if (column.nullable)
        else sight.of(key)
    )


def views(table: Table) -> list[str]:
    """Return the statements for what those bound to stores read in place of `table`."""
    query = table.info.get("bound_as")
    if query is None:
        return []
    name = f"{SCHEMA}.{table.name}"
    readers = ", ".join(BOUND_ROLES)
    return [
        f"drop view if exists {name}",
        # Under the policies of whoever asks, not of whoever made it.
        f"create view {name} with (security_invoker = true) as {query}",
        f"grant usage on schema {SCHEMA} to {readers}",
        f"grant select on {name} to {readers}",
    ]
