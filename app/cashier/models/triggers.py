"""Triggers that keep beside each expense what was paid of it."""

from app.kit.database.functions import SqlFunction, register

EXPENSE_BALANCE = register(
    SqlFunction(
        "crm_expense_balance()",
        """create or replace function crm_expense_balance() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  insert into expense_balance (company_id, expense_id, store_id, paid)
  select company_id, id, store_id, 0 from new_rows;
  return null;
end $$;
create or replace trigger expense_balance after insert on expense
referencing new table as new_rows for each statement execute function crm_expense_balance()""",
        callers=(),
        definer=True,
    )
)

EXPENSE_PAID = register(
    SqlFunction(
        "crm_expense_paid()",
        """create or replace function crm_expense_paid() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  perform 1 from expense_balance b
    join (select distinct company_id, expense_id from new_rows) n using (company_id, expense_id)
   order by b.company_id, b.expense_id for update of b;
  update expense_balance b set paid = b.paid + n.amount
    from (select company_id, expense_id, sum(amount) as amount
            from new_rows group by company_id, expense_id) n
   where b.company_id = n.company_id and b.expense_id = n.expense_id;
  return null;
end $$;
create or replace trigger expense_paid after insert on expense_payment
referencing new table as new_rows for each statement execute function crm_expense_paid()""",
        callers=(),
        definer=True,
    )
)
