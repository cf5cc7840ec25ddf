"""Search functions: text inside names and numbers, fast although row-level security is on.

Under a policy an index serves leakproof comparisons only, and LIKE is none (1M rows: 118 ms under
the policy, 2 ms this way). So a function owned by crm_search repeats company and store and returns
ids only; the caller's own SELECT by these ids is under the policies again.

A table says in its `info` what its search looks through:
`"search": (Look("client", "id", "name_fold"), Look("contact_point", "client_id", "search_key"))`.

Where one of these columns has a guard, a second function `…_open` leaves it out: who may not see
phone numbers must not learn either whose one is (`function_for`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from app.kit.database.install import visibility
from app.kit.database.install.rules import store_key
from app.kit.database.sql_functions import FUNCTIONS, SqlFunction, register
from app.kit.database.stamp import Role


@dataclass(frozen=True, slots=True)
class Look:
    """One place to look: `column` of `table`, which names the found record in `record`."""

    table: str
    record: str
    column: str


def register_all(metadata: MetaData) -> None:
    """Register the search function of every table that declares one."""
    for table in metadata.tables.values():
        for look in table.info.get("search", ()):
            metadata.tables[look.table].info["searched"] = True
        for sight in table.info.get("visibility", {}).values():
            metadata.tables[sight.table].info["searched"] = True
    for table in metadata.tables.values():
        key = f"search.{table.name}(text, integer)"
        if table.info.get("search") and key not in FUNCTIONS:
            looks = table.info["search"]
            register(_function(table.name, looks, metadata))
            if guards_of(table):
                seen = [look for look in looks if not _guard(look, metadata)]
                register(_function(f"{table.name}_open", seen, metadata))


def guards_of(table: Table) -> frozenset[str]:
    """Return the guards of the columns that the table's search looks through."""
    found = {_guard(look, table.metadata) for look in table.info.get("search", ())}
    return frozenset(guard for guard in found if guard)


def function_for(table: Table, sees: Callable[[str], bool]) -> str:
    """Return the name of the search function for a reader; `sees` tells the lifted guards."""
    return table.name if all(map(sees, guards_of(table))) else f"{table.name}_open"


def _guard(look: Look, metadata: MetaData) -> str | None:
    guard: str | None = metadata.tables[look.table].c[look.column].info.get("guard")
    return guard


def _function(name: str, looks: Sequence[Look], metadata: MetaData) -> SqlFunction:
    branches = " union ".join(_branch(look, metadata.tables[look.table]) for look in looks)
    branches = branches or "select null::bigint where false and $2 = '' and $4 is null and $5 = ''"
    # EXECUTE plans with the real pattern: a generic plan would guess and miss the trigram index.
    sql = f"""create or replace function search.{name}(q text, n integer) returns setof bigint
language plpgsql stable security definer set search_path = pg_catalog, public as $$
begin
  return query execute $q$select r from ({branches}) found(r) limit $3$q$
  using nullif(current_setting('app.company_id', true), '')::bigint,
    '%' || replace(replace(replace(fold(q), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%', n,
    nullif(current_setting('app.store_ids', true), '')::bigint[], current_setting('role');
end $$"""
    return SqlFunction(
        f"{name}(text, integer)", sql, schema="search", owner=Role.SEARCH, definer=True
    )


def _branch(look: Look, table: Table) -> str:
    key = store_key(table)
    stores = f" and ($4 is null or {key} = any ($4))" if key else ""
    like = f"{look.column} like $2"
    if table.c[look.column].computed is None:
        # Numbers and codes are kept as they were given, mostly in capitals; fold() gives small
        # letters.
        like = f"({like} or {look.column} like upper($2))"
    return (
        f'(select {look.record} from "{look.table}"'
        f" where company_id = $1 and {like}{stores}{_sight(look, table)} limit $3)"
    )


def _sight(look: Look, table: Table) -> str:
    """Return the condition that the found record is one which the reader's role (`$5`) sees."""
    asked = {"id": table} if "visibility" in table.info else visibility.keys(table)
    found = ""
    for name, target in asked.items():
        if name != "id" and store_key(table) and table.c[name].nullable:
            continue
        key = f'"{look.table}".{name}'
        for role, sight in target.info["visibility"].items():
            # Planned with the role's name at hand: for the others nothing of it is left.
            seen = sight.outside(key)
            if table.c[name].nullable:
                seen = f"case when {key} is null then true else {seen} end"
            found += f" and ($5 <> '{role}' or {seen})"
    return found
