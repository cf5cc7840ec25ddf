"""What the policies of tables are made of, and what of a table's `info` others ask as well."""

from __future__ import annotations

from sqlalchemy import Table

COMPANY_IS = "company_id = (select nullif(current_setting('app.company_id', true), '')::bigint)"
# Cast once more, else ANY takes it for a subquery of rows instead of one array.
STORES = "(select nullif(current_setting('app.store_ids', true), '')::bigint[])::bigint[]"
USER_IS = "(select nullif(current_setting('app.user_id', true), '')::bigint)"


def store_key(table: Table) -> str | None:
    """Return the column that binds the table's rows to a store, None where there is none."""
    if table.info.get("store_bound") is False:
        return None
    key: str = table.info.get("store_key", "store_id")
    return key if key in table.c else None


def is_whole(table: Table) -> bool:
    """Whether only those who are not bound to stores may change the table's rows."""
    return bool(table.info.get("whole"))


def own_rows(column: str) -> str:
    """Return the policy of those bound to stores where each of them has rows of their own only."""
    return f"{COMPANY_IS} and {column} = {USER_IS}"
