"""What was written stays: triggers that refuse a change even to the owner of the tables.

Grants keep the application from changing a ledger, and operations from changing a document that
somebody has in hand. Here the database itself refuses, whoever asks, so that no figure of theirs
needs to be reckoned again to be believed. Keys of `Table.info`:

    "kept": "old.status = 'settled'"
                             a row for which it holds is never deleted
    "books": True            no row is ever changed or deleted, but for whom it is about: merging
                             two clients moves the rows of one to the other
    "fixed": (Fixed(("number", "placed_at"), once="old.number is not null"),)
                             these columns stay as they are as soon as the condition holds

A migration may change such rows: the triggers are lifted for its time (`migrations/env.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from app.kit.database.functions import SqlFunction, register

# Its own SQLSTATE, so that it is told from every other refusal: see screens/dberrors.py.
REFUSED_CHANGE = "TR001"
_MOVABLE = ("client_id",)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Columns that do not change once the row, as it was (`old`), fulfils the condition.

    With `when_set` each may still be filled in where it was empty.
    """

    columns: tuple[str, ...]
    once: str = "true"
    when_set: bool = False


register(
    SqlFunction(
        "crm_refuse_change()",
        f"""create or replace function crm_refuse_change() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
declare
  changed text;
begin
  if tg_op = 'UPDATE' then
    select name into changed from unnest(tg_argv[1:]) name
     where to_jsonb(old) -> name is distinct from to_jsonb(new) -> name
       and not (tg_argv[0] = 'when set' and to_jsonb(old) -> name = 'null') limit 1;
    if changed is null then return new; end if;
  end if;
  raise exception using errcode = '{REFUSED_CHANGE}', table = tg_table_name,
    column = coalesce(changed, ''), message = format('%s of %s is never changed',
      coalesce(changed, 'a row'), tg_table_name);
end $$""",
        callers=(),
    )
)


def statements(table: Table) -> list[str]:
    """Return the statements that put these triggers on `table`, or take them off."""
    name = f'"{table.name}"'
    rules: Sequence[Fixed] = table.info.get("fixed", ())
    books = table.info.get("books", False)
    kept = "true" if books else table.info.get("kept")
    steps = [f"drop trigger if exists {one} on {name}" for one in ("books_update", "kept")]
    steps += [f"drop trigger if exists fixed_{number} on {name}" for number in range(_MOST_RULES)]
    if books:
        columns = [c.name for c in table.c if c.computed is None and c.name not in _MOVABLE]
        steps.append(_trigger("books_update", name, Fixed(tuple(columns))))
    if kept:
        steps.append(
            f"create trigger kept before delete on {name}"
            f" for each row when ({kept}) execute function crm_refuse_change()"
        )
    if len(rules) > _MOST_RULES or any(c not in table.c for rule in rules for c in rule.columns):
        raise ValueError(f"What is fixed of {table.name} cannot be meant.")
    return steps + [_trigger(f"fixed_{n}", name, rule) for n, rule in enumerate(rules)]


_MOST_RULES = 4


def lift(connection: Connection) -> None:
    """Take all these triggers off, for the time of a migration; `install` puts them back."""
    for table, trigger in connection.execute(_THERE).all():
        connection.exec_driver_sql(f'drop trigger "{trigger}" on "{table}"')


_THERE = text(
    "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
    " where t.tgfoid = to_regprocedure('public.crm_refuse_change()')"
)


def _trigger(trigger: str, table: str, rule: Fixed) -> str:
    columns = ", ".join(f'"{one}"' for one in rule.columns)
    words = ("when set" if rule.when_set else "always", *rule.columns)
    arguments = ", ".join(f"'{one}'" for one in words)
    return (
        f"create trigger {trigger} before update of {columns} on {table}"
        f" for each row when ({rule.once}) execute function crm_refuse_change({arguments})"
    )
