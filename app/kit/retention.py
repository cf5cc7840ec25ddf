"""How long rows are kept: one list, and the nightly job that goes through it.

`keep` where rows are deleted one by one, `keep_months` where whole monthly partitions go. Each rule
is a function of the owner's that only crm_system may call: no application role can delete from a
queue.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.database.sql_functions import SqlFunction, register
from app.kit.database.stamp import Role
from app.kit.jobs.checkpoints import progress
from app.kit.jobs.declared import job
from app.kit.registry import Registry

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the list; `function` takes the size of a batch and returns how much went."""

    name: str
    table: str
    kept: str
    function: str


RULES: Registry[Rule] = Registry("rule of retention")


def keep(
    table: str, column: str, *, days: int, where: str = "true", name: str | None = None
) -> None:
    """Forget rows of `table` whose `column` is more than `days` ago and for which `where` holds.

    A second rule for the same table needs a `name`.
    """
    name = name or table
    body = f"""declare gone bigint;
begin
  delete from "{table}" where ctid = any (array(
    select ctid from "{table}" where {column} < now() - interval '{days} days' and ({where})
     limit batch for update skip locked));
  get diagnostics gone = row_count;
  return gone;
end"""  # noqa: S608 -- all of it is written in the code
    _add(Rule(name, table, f"{days} days", f"crm_forget_{name}"), body)


def keep_months(table: str, *, months: int) -> None:
    """Drop the monthly partitions of `table` that ended more than `months` ago."""
    body = f"""declare
  part text;
  gone bigint := 0;
begin
  perform set_config('lock_timeout', '2s', true);
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'public."{table}"'::regclass and c.relname ~ '_[0-9]{{4}}_[0-9]{{2}}$'
       and to_date(right(c.relname, 7), 'YYYY_MM') + interval '{months + 1} months' < now()
     order by 1 limit 1
  loop
    execute format('drop table public.%I', part);
    gone := gone + 1;
  end loop;
  return gone;
end"""  # noqa: S608 -- all of it is written in the code
    _add(Rule(table, table, f"{months} months", f"crm_forget_{table}"), body)


def _add(rule: Rule, body: str) -> None:
    register(
        SqlFunction(
            f"{rule.function}(integer)",
            f"create or replace function {rule.function}(batch integer) returns bigint\n"
            "language plpgsql security definer set search_path = pg_catalog, public as $$\n"
            f"{body} $$",
            callers=(Role.SYSTEM,),
            definer=True,
        )
    )
    RULES.register(rule)


@job("bulk", timeout=3600)
def forget_old(session: Session) -> dict[str, int]:
    """Apply every rule, in pieces; return how much went by rule."""
    gone: dict[str, int] = {}
    for rule in RULES:
        while True:
            count = session.execute(
                text(f"select {rule.function}(:batch)"),
                {"batch": BATCH},
            ).scalar_one()
            gone[rule.name] = gone.get(rule.name, 0) + int(count)
            progress(session, sum(gone.values()), words=rule.name)
            if not count:
                break
    return gone


# The kit's own tables; domains add theirs beside their models.
keep("job", "finished_at", days=30, where="state in ('done', 'cancelled')")
keep("job", "finished_at", days=90, where="state = 'failed'", name="job_failed")
keep(
    "event",
    "at",
    days=30,
    where="not exists (select 1 from event_delivery d where d.event_id = event.id"
    " and d.company_id = event.company_id and d.state <> 'done')",
)
keep("schedule_run", "due", days=30)
keep("beat", "at", days=1)
keep("idempotency", "expires_at", days=0)
keep("form_sent", "created_at", days=30)
keep("bulk_run", "finished_at", days=90)
keep("export_log", "created_at", days=3 * 365)
keep_months("audit_entry", months=36)
