"""Search functions: text inside names and numbers, fast although row-level security is on.

Under a policy an index serves leakproof comparisons only, and LIKE is none (1M rows: 118 ms under the
policy, 2 ms this way). So a function owned by crm_search repeats company and store and returns ids
only; the caller's own SELECT by these ids is under the policies again.

A table says in its `info` what its search looks through:
`"search": (Look("client", "id", "name_fold"), Look("contact_point", "client_id", "search_key"))`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from app.kit.database.functions import FUNCTIONS, SqlFunction, register
from app.kit.database.install.policies import store_key
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
    for table in metadata.tables.values():
        key = f"search.{table.name}(text, integer)"
        if table.info.get("search") and key not in FUNCTIONS:
            register(_function(table, metadata))


def _function(table: Table, metadata: MetaData) -> SqlFunction:
    branches = " union ".join(
        _branch(look, metadata.tables[look.table]) for look in table.info["search"]
    )
    # EXECUTE plans with the real pattern: a generic plan would guess and miss the trigram index.
    sql = f"""create or replace function search.{table.name}(q text, n integer) returns setof bigint
language plpgsql stable security definer set search_path = pg_catalog, public as $$
begin
  return query execute $q$select r from ({branches}) found(r) limit $3$q$
  using nullif(current_setting('app.company_id', true), '')::bigint,
    '%' || replace(replace(replace(fold(q), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%', n,
    nullif(current_setting('app.store_ids', true), '')::bigint[];
end $$"""
    return SqlFunction(
        f"{table.name}(text, integer)", sql, schema="search", owner=Role.SEARCH, definer=True
    )


def _branch(look: Look, table: Table) -> str:
    key = store_key(table)
    stores = f" and ($4 is null or {key} = any ($4))" if key else ""
    return (
        f'(select {look.record} from "{look.table}"'
        f" where company_id = $1 and {look.column} like $2{stores} limit $3)"
    )
