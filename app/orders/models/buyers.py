"""Triggers of the documents: whoever has one in a store is a client of that store."""

# ruff: noqa: S608 -- the only thing put into the texts is our own constants

from app.kit.database.sql_functions import SqlFunction, register

_BOUGHT = """
  insert into client_store (company_id, client_id, store_id, why)
  select distinct company_id, client_id, store_id, 'bought' from {rows}
   where client_id is not null
   -- Two at once wait for each other in one order.
   order by client_id, store_id
  on conflict do nothing;
  return null;"""

# By statement, so that an import pays once for a piece; a document changes its client hardly ever.
NEW = register(
    SqlFunction(
        "crm_client_bought()",
        f"""create or replace function crm_client_bought() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin{_BOUGHT.format(rows="new_rows")}
end $$;
create or replace trigger client_bought after insert on orders
referencing new table as new_rows for each statement execute function crm_client_bought();
create or replace trigger client_bought after insert on goods_return
referencing new table as new_rows for each statement execute function crm_client_bought()""",
        callers=(),
        definer=True,
    )
)

CHANGED = register(
    SqlFunction(
        "crm_client_of_document()",
        f"""create or replace function crm_client_of_document() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin{_BOUGHT.format(rows="(select new.company_id, new.client_id, new.store_id) n")}
end $$;
create or replace trigger client_changed after update of client_id, store_id on orders
for each row when (old.client_id is distinct from new.client_id or old.store_id <> new.store_id)
execute function crm_client_of_document();
create or replace trigger client_changed after update of client_id, store_id on goods_return
for each row when (old.client_id is distinct from new.client_id or old.store_id <> new.store_id)
execute function crm_client_of_document()""",
        callers=(),
        definer=True,
    )
)
