"""Triggers that keep balances beside the value ledger, in the same transaction.

The row of each balance is made with its lot or certificate, so an entry only updates. Rows are
locked in the order of ids: two callers wait for each other and never deadlock.
"""

from app.kit.database.functions import SqlFunction, register

VALUE_BALANCE = register(
    SqlFunction(
        "crm_value_balance()",
        """create or replace function crm_value_balance() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  perform 1 from lot_balance b
    join (select distinct company_id, lot_id from new_rows) n using (company_id, lot_id)
   order by b.company_id, b.lot_id for update of b;
  update lot_balance b set remaining = b.remaining + n.amount
    from (select company_id, lot_id, sum(amount) as amount
            from new_rows group by company_id, lot_id) n
   where b.company_id = n.company_id and b.lot_id = n.lot_id;
  perform 1 from certificate_balance b
    join (select distinct company_id, certificate_id from new_rows) n
      using (company_id, certificate_id)
   order by b.company_id, b.certificate_id for update of b;
  update certificate_balance b set balance = b.balance + n.amount
    from (select company_id, certificate_id, sum(amount) as amount
            from new_rows group by company_id, certificate_id) n
   where b.company_id = n.company_id and b.certificate_id = n.certificate_id;
  return null;
end $$;
create or replace trigger value_balance after insert on value_entry
referencing new table as new_rows for each statement execute function crm_value_balance()""",
        callers=(),
        definer=True,
    )
)

LOT_BALANCE = register(
    SqlFunction(
        "crm_lot_balance()",
        """create or replace function crm_lot_balance() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into lot_balance (company_id, lot_id, remaining) select company_id, id, 0 from new_rows;
  return null;
end $$;
create or replace trigger lot_balance after insert on lot
referencing new table as new_rows for each statement execute function crm_lot_balance()""",
        callers=(),
        definer=True,
    )
)

CERTIFICATE_BALANCE = register(
    SqlFunction(
        "crm_certificate_balance()",
        """create or replace function crm_certificate_balance() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into certificate_balance (company_id, certificate_id, balance)
  select company_id, id, 0 from new_rows;
  return null;
end $$;
create or replace trigger certificate_balance after insert on certificate
referencing new table as new_rows for each statement execute function crm_certificate_balance()""",
        callers=(),
        definer=True,
    )
)
