"""Triggers of the clients' tables, each once per statement so that an import pays for it once."""

from app.kit.database.functions import SqlFunction, register

CLIENT_FIGURES = register(
    SqlFunction(
        "crm_client_figures()",
        """create or replace function crm_client_figures() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into client_figures (company_id, client_id) select company_id, id from new_rows;
  return null;
end $$;
create or replace trigger client_figures after insert on client
referencing new table as new_rows for each statement execute function crm_client_figures()""",
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
