"""When a row was changed: triggers that keep `changed_at` where the writer has not set it.

- Whatever changes a row moves its `changed_at`: a balance that a ledger keeps, a statement of a
  worker, a figure of another operation. Who reads by change looks at what was changed of late.
- Lines (`info["line_of"]`) that were changed or removed touch their record: programs that read by
  change are told of it. Its version stays, for what people have before them is not stale by it.
  Lines that are added come with their record; where they have an order of changes of their own
  (contact points), readers ask that.
"""

from __future__ import annotations

from sqlalchemy import Table

from app.kit.database.sql_functions import SqlFunction, register

register(
    SqlFunction(
        "crm_changed()",
        """create or replace function crm_changed() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
  new.changed_at := clock_timestamp();
  return new;
end $$""",
        callers=(),
    )
)

register(
    SqlFunction(
        "crm_touch_whole()",
        """create or replace function crm_touch_whole() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  -- What this transaction has written of it already says when.
  execute format('update %I w set changed_at = clock_timestamp() from (select distinct company_id,'
    ' %I whole from old_rows) o where w.company_id = o.company_id and w.id = o.whole'
    ' and w.xmin <> pg_current_xact_id()::xid', tg_argv[0], tg_argv[1]);
  return null;
end $$""",
        callers=(),
        definer=True,
    )
)

_TOUCHES = {"update": "touched_by_change", "delete": "touched_by_removal"}


def statements(table: Table) -> list[str]:
    """Return the statements that put these triggers on `table`, or take them off."""
    name = f'"{table.name}"'
    triggers = ("changed", *_TOUCHES.values())
    steps = [f"drop trigger if exists {one} on {name}" for one in triggers]
    if "changed_at" in table.c:
        steps.append(
            f"create trigger changed before update on {name} for each row"
            " when (new.changed_at is not distinct from old.changed_at)"
            " execute function crm_changed()"
        )
    if key := table.info.get("line_of"):
        whole = table.c[key].info["link"]
        steps += [
            f"create trigger {trigger} after {event} on {name} referencing old table as old_rows"
            f" for each statement execute function crm_touch_whole('{whole}', '{key}')"
            for event, trigger in _TOUCHES.items()
        ]
    return steps
