"""Triggers of the clients' tables, each once per statement so that an import pays for it once."""

from app.kit.database.sql_functions import APPLICATION, SqlFunction, register
from app.kit.database.stamp import Role

CLIENT_FIGURES = register(
    SqlFunction(
        "crm_client_figures()",
        """create or replace function crm_client_figures() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into client_figures (company_id, client_id) select company_id, id from new_rows;
  insert into client_store (company_id, client_id, store_id, why)
  select company_id, id, store_id, 'home' from new_rows where store_id is not null
  union all
  -- Taken in by somebody of that store.
  select company_id, id, store_id, 'registered' from new_rows
   where store_id is not null and coalesce(current_setting('app.store_ids', true), '') <> '';
  insert into client_employee (company_id, client_id, employee_id, why)
  select company_id, id, employee_id, 'assigned' from new_rows where employee_id is not null;
  return null;
end $$;
create or replace trigger client_figures after insert on client
referencing new table as new_rows for each statement execute function crm_client_figures()""",
        callers=(),
        definer=True,
    )
)

EMPLOYEE = register(
    SqlFunction(
        "crm_employee()",
        """create or replace function crm_employee() returns bigint language sql stable
security definer set search_path = pg_catalog, public as $$
  select m.employee_id from membership m
   where m.company_id = crm_company() and m.archived_at is null
     and m.user_id = nullif(current_setting('app.user_id', true), '')::bigint $$""",
        callers=(*APPLICATION, Role.SEARCH),
        definer=True,
    )
)

# Before the row is written: its policy looks at these two columns.
CLIENT_PLACE = register(
    SqlFunction(
        "crm_client_place()",
        """create or replace function crm_client_place() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
  if new.store_id is null then
    select min(id) into new.store_id
      from unnest(current_setting('app.store_ids')::bigint[]) id;
  end if;
  if new.employee_id is null and current_setting('role') = 'crm_own_clients' then
    new.employee_id := crm_employee();
  end if;
  return new;
end $$;
create or replace trigger client_place before insert on client for each row
when ((new.store_id is null or new.employee_id is null)
  and coalesce(current_setting('app.store_ids', true), '') <> '')
execute function crm_client_place()""",
        callers=APPLICATION,
    )
)

CLIENT_MOVED = register(
    SqlFunction(
        "crm_client_moved()",
        """create or replace function crm_client_moved() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  delete from client_store where company_id = old.company_id and client_id = old.id
     and store_id = old.store_id and why = 'home';
  delete from client_employee where company_id = old.company_id and client_id = old.id
     and employee_id = old.employee_id and why = 'assigned';
  insert into client_store (company_id, client_id, store_id, why)
  select new.company_id, new.id, new.store_id, 'home' where new.store_id is not null;
  insert into client_employee (company_id, client_id, employee_id, why)
  select new.company_id, new.id, new.employee_id, 'assigned' where new.employee_id is not null;
  return null;
end $$;
create or replace trigger client_moved after update of store_id, employee_id on client
for each row when (old.store_id is distinct from new.store_id
  or old.employee_id is distinct from new.employee_id)
execute function crm_client_moved()""",
        callers=(),
        definer=True,
    )
)

# An entry may be recorded late (an import, a paper form): the newest by its own time counts.
CONSENT_CURRENT = register(
    SqlFunction(
        "crm_consent_current()",
        """create or replace function crm_consent_current() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into consent_current as c (company_id, client_id, channel, purpose, granted, event_id, at)
  select distinct on (company_id, client_id, channel, purpose)
         company_id, client_id, channel, purpose, action = 'grant', id, at
    from new_rows
   order by company_id, client_id, channel, purpose, at desc, id desc
  on conflict (company_id, client_id, channel, purpose) do update
     set granted = excluded.granted, event_id = excluded.event_id, at = excluded.at
   where (excluded.at, excluded.event_id) > (c.at, c.event_id);
  return null;
end $$;
create or replace trigger consent_current after insert on consent_event
referencing new table as new_rows for each statement execute function crm_consent_current()""",
        callers=(),
        definer=True,
    )
)
