"""The status of a campaign follows its sending, in the same transaction, whoever changed that."""

from app.kit.database.sql_functions import SqlFunction, register

CAMPAIGN_STATUS = register(
    SqlFunction(
        "crm_campaign_status()",
        """create or replace function crm_campaign_status() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  -- Without a new version: nobody who has the page open was overtaken by a person.
  update campaign set status = new.status
   where company_id = new.company_id and id = new.owner_id and dispatch_id = new.id
     and status is distinct from new.status;
  return null;
end $$;
create or replace trigger campaign_status after update of status on dispatch for each row
when (new.owner_kind = 'campaign' and new.status is distinct from old.status)
execute function crm_campaign_status()""",
        callers=(),
        definer=True,
    )
)
