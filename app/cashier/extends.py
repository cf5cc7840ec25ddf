"""What the cashier gives to the rest: screens, tabs, invariants, demo data."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.cashier import queries, screens
from app.cashier.demo import load_expenses
from app.cashier.operations import EXPENSE_NUMBERS
from app.kit.numbering import gapless
from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say

INVARIANTS = (
    Invariant(
        "cashier.expenses",
        _l("What is paid of an expense is the sum of its payments."),
        queries.paid_that_disagrees,
    ),
    Invariant(
        "cashier.stores",
        _l("What is kept of an expense is in its store."),
        queries.balances_in_another_store,
    ),
    Invariant(
        "cashier.unapproved",
        _l("Only an approved expense is paid."),
        queries.paid_unapproved,
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
