"""Triggers that keep beside each expense what was paid of it."""

from app.kit.database.balances import Kept, follows, opens
from app.kit.database.functions import SqlFunction, register

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
