"""The audit trail: triggers that note who changed what, in the same transaction.

UPDATE and DELETE are noted row by row with the changed columns only; INSERT by statement, without
an image, because every row says itself who made it and when. Exempt are tables without `version`
(ledgers, queues, facts, figures) and those whose `info` says `"audit": False`. A table of lines
names in `info["line_of"]` the column by which they hang on their record: so a line that was removed
is found from there, and read by whoever reads the record (`audit_policies.py`).
"""

from __future__ import annotations

from sqlalchemy import Table

from app.kit.database.sql_functions import SqlFunction, register

# Columns that change with every change and say nothing, and those nobody may read back.
_SILENT = ("version", "changed_at", "changed_by")

register(
    SqlFunction(
        "crm_audit_row()",
        """create or replace function crm_audit_row() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
declare
  was jsonb := to_jsonb(old) - tg_argv[1:];
  now_is jsonb := case when tg_op = 'UPDATE' then to_jsonb(new) - tg_argv[1:] end;
  whole bigint := to_jsonb(old) ->> tg_argv[0];
  before jsonb;
  after jsonb;
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, now_is -> o.key)
      into before, after
      from jsonb_each(was) o where o.value is distinct from now_is -> o.key;
    if before is null then return null; end if;
  else
    before := was;
  end if;
  insert into audit_entry
    (company_id, user_id, request_id, table_name, row_id, whole_id, action, before, after)
  values (
    old.company_id, nullif(current_setting('app.user_id', true), '')::bigint,
    coalesce(current_setting('app.request_id', true), ''),
    tg_table_name, old.id, whole, lower(tg_op), before, after
  );
  return null;
end $$""",
        callers=(),
        definer=True,
    )
)

register(
    SqlFunction(
        "crm_audit_insert()",
        """create or replace function crm_audit_insert() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into audit_entry (company_id, user_id, request_id, table_name, action)
  select crm_company(), nullif(current_setting('app.user_id', true), '')::bigint,
         coalesce(current_setting('app.request_id', true), ''), tg_table_name, 'insert'
   where crm_company() is not null;
  return null;
end $$""",
        callers=(),
        definer=True,
    )
)


def is_audited(table: Table) -> bool:
    """Say whether changes of this table's rows are noted."""
    return "version" in table.c and table.info.get("audit") is not False


def statements(table: Table) -> list[str]:
    """Return the statements that put the audit triggers on `table`, or take them off."""
    name = f'"{table.name}"'
    steps = [
        f"drop trigger if exists audit_row on {name}",
        f"drop trigger if exists audit_insert on {name}",
    ]
    if not is_audited(table):
        return steps
    hidden = [c.name for c in table.c if c.computed is not None or c.info.get("audit") is False]
    whole = table.info.get("line_of", "")
    arguments = ", ".join(f"'{name}'" for name in (whole, *_SILENT, *hidden))
    steps.append(
        f"create trigger audit_row after update or delete on {name}"
        f" for each row execute function crm_audit_row({arguments})"
    )
    steps.append(
        f"create trigger audit_insert after insert on {name}"
        " for each statement execute function crm_audit_insert()"
    )
    return steps
