"""Triggers that keep beside each expense what was paid of it.

They let no more be paid, and nothing of what is not approved.
"""

from app.kit.database.balances import Kept, follows, opens
from app.kit.database.sql_functions import SqlFunction, register

PAID = Kept("expense_balance", "expense_id", "paid")

opens("expense_balance", PAID, on="expense", also="store_id")
follows("expense_paid", PAID, ledger="expense_payment")

# A draft may go to another store, and who is bound to stores must see both or neither.
register(
    SqlFunction(
        "crm_expense_store()",
        """create or replace function crm_expense_store() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  update expense_balance set store_id = new.store_id
   where company_id = new.company_id and expense_id = new.id;
  return null;
end $$;
create or replace trigger expense_store after update of store_id on expense
for each row when (old.store_id is distinct from new.store_id)
execute function crm_expense_store()""",
        callers=(),
        definer=True,
    )
)

# Its name comes after `expense_paid`: the balance is locked by then, and says what is paid now.
register(
    SqlFunction(
        "crm_expense_paid_within()",
        """create or replace function crm_expense_paid_within() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
begin
  if exists (
    select from new_rows n
      join expense e on e.company_id = n.company_id and e.id = n.expense_id
     where e.status <> 'approved') then
    raise exception using errcode = 'check_violation', table = 'expense_payment',
      column = 'expense_id', constraint = 'ck_expense_payment_approved',
      message = 'the expense is not approved';
  end if;
  if exists (
    select from (select company_id, expense_id from new_rows
                  group by company_id, expense_id having sum(amount) > 0) n
      join expense e on e.company_id = n.company_id and e.id = n.expense_id
      join expense_balance b on b.company_id = n.company_id and b.expense_id = n.expense_id
     where b.paid > e.amount) then
    raise exception using errcode = 'check_violation', table = 'expense_payment',
      column = 'amount', constraint = 'ck_expense_payment_within',
      message = 'more is paid than the expense';
  end if;
  return null;
end $$;
create or replace trigger expense_paid_within after insert on expense_payment
referencing new table as new_rows for each statement execute function crm_expense_paid_within()""",
        callers=(),
        definer=True,
    )
)
