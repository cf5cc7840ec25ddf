"""What must hold of expenses and their payments."""

from typing import Any

from sqlalchemy import Select, select

from app.cashier.models import Expense, ExpenseBalance, ExpensePayment
from app.kit.database.balances import off_balance
from app.kit.database.invariants import offending


def paid_that_disagrees() -> Select[Any]:
    """Expenses whose paid sum is not that of their entries."""
    return off_balance(
        ExpenseBalance.paid,
        ExpenseBalance.expense_id,
        entry=ExpensePayment.amount,
        of=ExpensePayment.expense_id,
    )


def balances_in_another_store() -> Select[Any]:
    """Balances whose store, by which readers are bound, is not that of their expense."""
    columns: list[Any] = [
        ExpenseBalance.expense_id,
        ExpenseBalance.store_id,
        Expense.store_id.label("wanted"),
    ]
    return (
        select(*columns)
        .join(Expense, Expense.id == ExpenseBalance.expense_id)
        .where(ExpenseBalance.store_id.is_distinct_from(Expense.store_id))
    )


_UNAPPROVED = """
select e.id, e.number, b.paid from expense e join expense_balance b on b.expense_id = e.id
where e.status <> 'approved' and b.paid <> 0"""


def paid_unapproved() -> Select[Any]:
    """Expenses that were paid and are not approved."""
    return offending(_UNAPPROVED, "id", "number", "paid")
