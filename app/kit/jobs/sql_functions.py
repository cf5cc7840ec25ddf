"""What the tick may do beyond claiming rows, each as a function of the owner's.

crm_system reads and claims queue rows; it can neither make a company's rows nor delete any.
"""

from __future__ import annotations

from app.kit.database.sql_functions import SqlFunction, register
from app.kit.database.stamp import Role

register(
    SqlFunction(
        "crm_defer_system(text, text, jsonb, integer, text, timestamptz)",
        """create or replace function crm_defer_system(
  in_queue text, in_name text, in_args jsonb, in_attempts integer, in_key text, in_at timestamptz
) returns bigint language plpgsql security definer set search_path = pg_catalog, public as $$
declare made bigint;
begin
  loop
    insert into job (company_id, queue, name, args, max_attempts, key, not_before, role, store_ids)
    values (null, in_queue, in_name, in_args, in_attempts, in_key, coalesce(in_at, now()),
            'crm_system', null)
    on conflict (company_id, name, key) where key is not null and state in ('queued', 'running')
    do nothing returning id into made;
    if made is not null then return made; end if;
    update job set again = true
     where company_id is null and name = in_name and key = in_key and state = 'running'
    returning id into made;
    if made is not null then return made; end if;
    select id into made from job
     where company_id is null and name = in_name and key = in_key and state = 'queued' for share;
    if made is not null then return made; end if;
  end loop;
end $$""",
        callers=(Role.SYSTEM,),
        definer=True,
    )
)

register(
    SqlFunction(
        "crm_start_schedule(text, timestamptz, text, text, integer, boolean)",
        """create or replace function crm_start_schedule(
  in_schedule text, in_due timestamptz, in_queue text, in_job text, in_attempts integer,
  each_company boolean
) returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare made integer;
begin
  insert into schedule_run (name, due) values (in_schedule, in_due) on conflict do nothing;
  if not found then return 0; end if;
  -- The key: what still waits or runs from last time is not started twice.
  insert into job (company_id, queue, name, max_attempts, key, role, store_ids)
  select c.id, in_queue, in_job, in_attempts, 'schedule ' || in_schedule,
         case when c.id is null then 'crm_system' else 'crm_app' end, null
    from (select id from company where each_company
          union all select null::bigint where not each_company) c
  on conflict (company_id, name, key) where key is not null and state in ('queued', 'running')
  do nothing;
  get diagnostics made = row_count;
  return made;
end $$""",
        callers=(Role.SYSTEM,),
        definer=True,
    )
)

register(
    SqlFunction(
        "crm_make_partitions(integer)",
        """create or replace function crm_make_partitions(ahead integer)
returns text[] language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  parent regclass;
  first date := date_trunc('month', now() at time zone 'UTC');
  part text;
  made text[] := '{}';
begin
  -- Monthly tables are those that have a partition named after a month (see install/partitions.py).
  for parent in
    select distinct i.inhparent::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where c.relname ~ '_[0-9]{4}_[0-9]{2}$' and c.relnamespace = 'public'::regnamespace
  loop
    for n in 0..ahead loop
      part := parent || to_char(first + make_interval(months => n), '_YYYY_MM');
      continue when to_regclass('public.' || part) is not null;
      begin
        perform set_config('lock_timeout', '2s', true);
        execute format('create table public.%I partition of %s for values from (%L) to (%L)',
          part, parent, (first + make_interval(months => n))::date,
          (first + make_interval(months => n + 1))::date);
        execute format('alter table public.%I enable row level security', part);
        made := made || part;
      exception when lock_not_available or check_violation or duplicate_table then
        raise warning 'partition % was not made: %', part, sqlerrm;
      end;
    end loop;
  end loop;
  return made;
end $$""",
        callers=(Role.SYSTEM,),
        definer=True,
    )
)

register(
    SqlFunction(
        "crm_schema_version()",
        """create or replace function crm_schema_version() returns text
language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare found text;
begin
  if to_regclass('public.alembic_version') is not null then
    execute 'select version_num from public.alembic_version' into found;
  end if;
  return found;
end $$""",
        callers=(Role.SYSTEM,),
        definer=True,
    )
)
