"""What was written stays: triggers that refuse a change even to the owner of the tables.

Grants keep the application from changing a ledger, and operations from changing a document that
somebody has in hand. Here the database itself refuses, whoever asks, so that no figure of theirs
needs to be reckoned again to be believed. Keys of `Table.info`:

    "kept": "old.status = 'settled'"
                             a row for which it holds is never deleted
    "books": True            no row is ever changed or deleted
    "fixed": (Fixed(("number", "placed_at"), once="old.number is not null"),)
                             these columns stay as they are as soon as the condition holds
    "fixed_with": "status <> 'draft'"
                             of a table of lines (`line_of`): as soon as it holds of their document,
                             none of them is changed or deleted any more

Merging two records moves what hangs on one to the other: inside `moving` that one column may change
from the one to the other. A migration may change such rows: the triggers are lifted for its time
(`migrations/env.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text
from sqlalchemy.orm import Session

from app.kit.database.sql_functions import SqlFunction, register

# Its own SQLSTATE, so that it is told from every other refusal: see screens/dberrors.py.
REFUSED_CHANGE = "TR001"
# How a row is kept, which says nothing of what it says.
_STAMPS = {"version", "changed_at", "changed_by", "archived_at"}


@dataclass(frozen=True, slots=True)
class Fixed:
    """Columns that do not change once the row, as it was (`old`), fulfils the condition.

    With `when_set` each may still be filled in where it was empty.
    """

    columns: tuple[str, ...]
    once: str = "true"
    when_set: bool = False


# The first of the named columns that the change is about and that no merging moves.
_CHANGED = """select name into changed from unnest(tg_argv[{first}:]) name
     where to_jsonb(old) -> name is distinct from to_jsonb(new) -> name{but}
       and current_setting('app.moving', true) is distinct from
           concat_ws(' ', name, to_jsonb(old) ->> name, to_jsonb(new) ->> name) limit 1;
    if changed is null then return new; end if;"""

# `say("fixed_order_line", …)` words what a line is refused for: see screens/dberrors.py.
_REFUSE = f"""raise exception using errcode = '{REFUSED_CHANGE}', table = tg_table_name,
    column = coalesce(changed, ''), constraint = concat('fixed_', tg_table_name),
    message = format('%s of %s is never changed', coalesce(changed, 'a row'), tg_table_name);"""

_WHEN_SET = "\n       and not (tg_argv[0] = 'when set' and to_jsonb(old) -> name = 'null')"

register(
    SqlFunction(
        "crm_refuse_change()",
        f"""create or replace function crm_refuse_change() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
declare
  changed text;
begin
  if tg_op = 'UPDATE' then
    {_CHANGED.format(first=1, but=_WHEN_SET)}
  end if;
  {_REFUSE}
end $$""",
        callers=(),
    )
)

# Its arguments: the documents' table, the column that leads to them, the condition, the columns.
# The documents are locked against whoever gives them their number just now: that one comes before
# the line, and is seen, or after it. Not for share: two who change lines of one draft and then the
# draft would wait for each other. A definer's function, for who may not see the document.
register(
    SqlFunction(
        "crm_refuse_change_of_line()",
        f"""create or replace function crm_refuse_change_of_line() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
declare
  changed text; stands boolean; documents bigint[];
begin
  documents := array[(to_jsonb(old) ->> tg_argv[1])::bigint];
  if tg_op = 'UPDATE' then
    {_CHANGED.format(first=3, but="")}
    documents := documents || (to_jsonb(new) ->> tg_argv[1])::bigint;
  end if;
  execute format('select bool_or(stands) from (select (%s) as stands from %I'
    ' where company_id = $1 and id = any ($2) order by id for no key update) d',
    tg_argv[2], tg_argv[0]) into stands using old.company_id, documents;
  if stands then
    {_REFUSE}
  elsif tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end $$""",
        callers=(),
        definer=True,
    )
)


def statements(table: Table) -> list[str]:
    """Return the statements that put these triggers on `table`, or take them off."""
    name = f'"{table.name}"'
    rules: Sequence[Fixed] = table.info.get("fixed", ())
    books = table.info.get("books", False)
    kept = "true" if books else table.info.get("kept")
    ours = ("books_update", "kept", "fixed_with")
    steps = [f"drop trigger if exists {one} on {name}" for one in ours]
    steps += [f"drop trigger if exists fixed_{number} on {name}" for number in range(_MOST_RULES)]
    if books:
        columns = [c.name for c in table.c if c.computed is None]
        steps.append(_trigger("books_update", name, Fixed(tuple(columns))))
    if kept:
        steps.append(
            f"create trigger kept before delete on {name}"
            f" for each row when ({kept}) execute function crm_refuse_change()"
        )
    if "fixed_with" in table.info:
        steps.append(_with_document(table))
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
    " where t.tgfoid in (to_regprocedure('public.crm_refuse_change()'),"
    " to_regprocedure('public.crm_refuse_change_of_line()'))"
)


@contextmanager
def moving(session: Session, column: str, from_id: int, into_id: int) -> Iterator[None]:
    """Let fixed rows that name one record in `column` name the other, inside the block."""
    session.execute(_MOVING, {"what": f"{column} {from_id} {into_id}"})
    yield
    session.execute(_MOVING, {"what": ""})


_MOVING = text("select set_config('app.moving', :what, true)")


def _with_document(table: Table) -> str:
    key = table.info["line_of"]
    columns = [c.name for c in table.c if c.computed is None and c.name not in _STAMPS]
    condition = table.info["fixed_with"].replace("'", "''")
    words = ", ".join(f"'{one}'" for one in (table.c[key].info["link"], key, condition, *columns))
    return (
        f'create trigger fixed_with before update or delete on "{table.name}" for each row'
        f" execute function crm_refuse_change_of_line({words})"
    )


def _trigger(trigger: str, table: str, rule: Fixed) -> str:
    columns = ", ".join(f'"{one}"' for one in rule.columns)
    words = ("when set" if rule.when_set else "always", *rule.columns)
    arguments = ", ".join(f"'{one}'" for one in words)
    return (
        f"create trigger {trigger} before update of {columns} on {table}"
        f" for each row when ({rule.once}) execute function crm_refuse_change({arguments})"
    )
