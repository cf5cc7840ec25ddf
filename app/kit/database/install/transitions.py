"""A status goes its ways only: triggers that refuse any other move, whoever makes it.

Grants, the check of an operation and what is fixed of a row hang on its status; whoever could set
it back to a draft would have the row open again. `Table.info` names the operations' own table:

    "transitions": {"status": ORDER_MOVES}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Table, text

from app.kit.choices import Choice
from app.kit.database.install.immutability import REFUSED_CHANGE
from app.kit.database.sql_functions import SqlFunction, register

register(
    SqlFunction(
        "crm_refuse_move()",
        f"""create or replace function crm_refuse_move() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
declare
  wanted text := format('%s>%s', to_jsonb(old) ->> tg_argv[0], to_jsonb(new) ->> tg_argv[0]);
begin
  if wanted = any (tg_argv[1:]) then return new; end if;
  raise exception using errcode = '{REFUSED_CHANGE}', table = tg_table_name, column = tg_argv[0],
    message = format('%s of %s does not go %s', tg_argv[0], tg_table_name, wanted);
end $$""",
        callers=(),
    )
)


def statements(table: Table) -> list[str]:
    """Return the statements that put these triggers on `table`, or take them off."""
    name = f'"{table.name}"'
    rules: Mapping[str, Mapping[Choice, Collection[Choice]]] = table.info.get("transitions", {})
    steps = [f"drop trigger if exists moves on {name}"]
    for column, moves in rules.items():
        if table.c.get(column) is None or len(rules) > 1:
            raise ValueError(f"The moves of {table.name} cannot be meant.")
        allowed = [f"'{one.value}>{other.value}'" for one in moves for other in sorted(moves[one])]
        steps.append(
            f"create trigger moves before update of {column} on {name} for each row"
            f" when (old.{column} is distinct from new.{column})"
            f" execute function crm_refuse_move('{column}', {', '.join(allowed)})"
        )
    return steps


def lift(connection: Connection) -> None:
    """Take these triggers off, for the time of a migration; `install` puts them back."""
    for table in connection.execute(_THERE).scalars().all():
        connection.exec_driver_sql(f'drop trigger moves on "{table}"')


_THERE = text(
    "select c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
    " where t.tgfoid = to_regprocedure('public.crm_refuse_move()')"
)
