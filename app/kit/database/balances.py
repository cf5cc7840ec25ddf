"""Balances beside their ledgers, kept by triggers: the same two for every ledger.

`opens` makes the row of a balance with the record it belongs to, so that an entry only updates;
`follows` adds what came into the ledger. Rows are locked in the order of their keys: two callers
wait for each other and never deadlock.
`off_balance` finds where the two disagree all the same.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, join, select

from app.kit.database.sql_functions import SqlFunction, register
from app.kit.money import money_sum


@dataclass(frozen=True, slots=True)
class Kept:
    """A column of a balance table that is the sum of the ledger's entries for one key."""

    table: str
    key: str
    column: str

    def statements(self, entry: str) -> str:
        """Return what adds the new rows' `entry` column to the balance."""
        return f"""
  perform 1 from {self.table} b
    join (select distinct company_id, {self.key} from new_rows) n using (company_id, {self.key})
   order by b.company_id, b.{self.key} for update of b;
  update {self.table} b set {self.column} = b.{self.column} + n.{entry}
    from (select company_id, {self.key}, sum({entry}) as {entry}
            from new_rows group by company_id, {self.key}) n
   where b.company_id = n.company_id and b.{self.key} = n.{self.key};"""


def _trigger(name: str, on: str, statements: str) -> SqlFunction:
    return register(
        SqlFunction(
            f"crm_{name}()",
            f"""create or replace function crm_{name}() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin{statements}
  return null;
end $$;
create or replace trigger {name} after insert on {on}
referencing new table as new_rows for each statement execute function crm_{name}()""",
            callers=(),
            definer=True,
        )
    )


def opens(name: str, kept: Kept, *, on: str, also: str = "") -> SqlFunction:
    """Make the balance, 0, with each new row of `on`; `also` are columns that it takes over."""
    more = f", {also}" if also else ""
    return _trigger(
        name,
        on,
        f"""
  insert into {kept.table} (company_id, {kept.key}{more}, {kept.column})
  select company_id, id{more}, 0 from new_rows;""",
    )


def follows(name: str, *kept: Kept, ledger: str, entry: str = "amount") -> SqlFunction:
    """Keep each balance at the sum of the ledger's `entry` column."""
    return _trigger(name, ledger, "".join(one.statements(entry) for one in kept))


def off_balance(
    kept: Any, key: Any, *, entry: Any, of: Any, where: ColumnElement[bool] | None = None
) -> Select[Any]:
    """Return the keys whose kept sum is not that of the ledger's entries (those for which `where`).

    `key` stands beside `kept`, `of` beside `entry`.
    """
    totals = select(of.label("key"), money_sum(entry).label("total")).where(of.is_not(None))
    totals = (totals if where is None else totals.where(where)).group_by(of)
    sums = totals.subquery("sums")
    columns: list[Any] = [func.coalesce(key, sums.c.key).label(key.key), kept, sums.c.total]
    # A full join: a balance whose row is gone is the worst of all.
    return (
        select(*columns)
        .select_from(join(kept.table, sums, sums.c.key == key, full=True))
        .where(kept.is_distinct_from(func.coalesce(sums.c.total, 0)))
    )
