"""Triggers that keep `stock_balance`: on hand from movements, reserved from reservations.

Nobody else may write that table, so it cannot disagree with its ledgers. Both triggers lock the
rows in the order of store and variant: two orders for the same goods wait for each other and never
deadlock. No upsert: PostgreSQL checks the proposed row first, and what is taken away is no balance.
"""

from app.kit.database.sql_functions import SqlFunction, register

_LOCK = """
  insert into stock_balance (company_id, store_id, variant_id)
  select distinct company_id, store_id, variant_id from new_rows
   order by company_id, store_id, variant_id
  on conflict (company_id, store_id, variant_id) do nothing;
  perform 1 from stock_balance b
    join (select distinct company_id, store_id, variant_id from new_rows) n
      using (company_id, store_id, variant_id)
   order by b.company_id, b.store_id, b.variant_id for update of b;"""

# A balance is counted from the first goods receipt or stocktake on that leaves enough for what is
# reserved.
STOCK_ON_HAND = register(
    SqlFunction(
        "crm_stock_on_hand()",
        f"""create or replace function crm_stock_on_hand() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin{_LOCK}
  update stock_balance b
     set on_hand = b.on_hand + n.quantity,
         counted = b.counted or (n.counted and b.on_hand + n.quantity >= b.reserved)
    from (select company_id, store_id, variant_id, sum(quantity) as quantity,
                 bool_or(kind in ('goods_receipt', 'stocktake')) as counted
            from new_rows group by company_id, store_id, variant_id) n
   where b.company_id = n.company_id and b.store_id = n.store_id and b.variant_id = n.variant_id;
  return null;
end $$;
create or replace trigger stock_on_hand after insert on movement
referencing new table as new_rows for each statement execute function crm_stock_on_hand()""",
        callers=(),
        definer=True,
    )
)

STOCK_RESERVED = register(
    SqlFunction(
        "crm_stock_reserved()",
        f"""create or replace function crm_stock_reserved() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin{_LOCK}
  update stock_balance b set reserved = b.reserved + n.quantity
    from (select company_id, store_id, variant_id, sum(quantity) as quantity
            from new_rows group by company_id, store_id, variant_id) n
   where b.company_id = n.company_id and b.store_id = n.store_id and b.variant_id = n.variant_id;
  return null;
end $$;
create or replace trigger stock_reserved after insert on reservation_entry
referencing new table as new_rows for each statement execute function crm_stock_reserved()""",
        callers=(),
        definer=True,
    )
)
