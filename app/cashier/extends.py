"""What the cashier gives to the rest: screens, tabs, invariants, demo data."""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from app.cashier import screens
from app.cashier.demo import load_expenses
from app.cashier.models import Expense, ExpenseBalance, ExpensePayment
from app.cashier.operations import EXPENSE_NUMBERS
from app.kit.database.balances import off_balance
from app.kit.database.invariants import offending
from app.kit.numbering import gapless
from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say


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

INVARIANTS = (
    Invariant(
        "cashier.expenses",
        _l("What is paid of an expense is the sum of its payments."),
        paid_that_disagrees,
    ),
    Invariant(
        "cashier.stores",
        _l("What is kept of an expense is in its store."),
        balances_in_another_store,
    ),
    Invariant(
        "cashier.unapproved",
        _l("Only an approved expense is paid."),
        partial(offending, _UNAPPROVED, "id", "number", "paid"),
    ),
    gapless(EXPENSE_NUMBERS, "expense"),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Supplier", Related("Expense", by="supplier"))
    invariants.register(*INVARIANTS)
    demo_data.register(DemoData("expenses", load_expenses, order=60))
    say("ck_expense_balance_paid", _l("More cannot come back than was paid."))
    say("ck_expense_payment_within", _l("More cannot be paid than the expense is."))
    say("ck_expense_payment_approved", _l("Only an approved expense can be paid."))
    say("ck_expense_tax", _l("The tax is a part of the amount."))
    say("ck_expense_due", _l("It cannot be due before its date."))
