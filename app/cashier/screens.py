"""Screens of the cashier: generated."""

from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.cashier import operations
from app.cashier.choices import ExpenseStatus
from app.cashier.models import Expense, ExpenseCategory, ExpensePayment
from app.catalogue.screens import own_currency
from app.kit.screens import BulkAction, RecordAction, Related, Screen
from app.kit.screens.areas import MONEY
from app.kit.screens.documents import calls_off, in_state


def add_expense_payment(
    session: Session, payment: ExpensePayment, *, by: int | None, at: datetime
) -> ExpensePayment:
    """Note a payment from a form."""
    expense = payment.expense or session.get_one(Expense, payment.expense_id)
    return operations.pay_expense(
        session,
        expense,
        payment.amount or Decimal(0),
        method=payment.method,
        note=payment.note,
        by=by,
        at=at,
    )


class ExpenseScreen(Screen):
    """What the company spends."""

    model = Expense
    area = MONEY
    icon = "receipt-2"
    label, one = _l("Expenses"), _l("Expense")
    help = _l("Bills and other costs; what is paid of each is the sum of its payments.")
    list_columns = (
        "number",
        "description",
        "category",
        "store",
        "status",
        "amount",
        "balance.paid",
        "incurred_on",
        "due_on",
    )
    phone_columns = ("number", "description", "status", "amount", "due_on")
    filters = (
        "category",
        "store",
        "supplier",
        "status",
        "amount",
        "balance.paid",
        "incurred_on",
        "due_on",
    )
    order = ("incurred_on", "desc")
    search_hint = _l("Number or description")
    sections = (
        (_l("Expense"), ("number", "description", "category", "store", "supplier", "document")),
        (_l("Money"), ("amount", "tax", "currency", "rate", "balance.paid")),
        (_l("Days"), ("incurred_on", "due_on", "status")),
    )
    read_only = ("number", "status")
    defaults = {"currency": own_currency}
    path_of = "status"
    related = (Related("ExpensePayment", by="expense", label=_l("Payments")),)
    archives = False
    on_add = operations.record_expense
    on_edit = operations.save_expense
    edits_when = in_state(ExpenseStatus.DRAFT)
    actions_on = {
        "approve": RecordAction(
            operations.approve_expense,
            _l("Approve"),
            "check",
            done=_l("The expense may be paid."),
            when=in_state(ExpenseStatus.DRAFT),
            primary=True,
        ),
        "pay": RecordAction(
            operations.pay_in_full,
            _l("Paid in full"),
            "cash",
            confirm=_l("All that is open is noted as paid by bank transfer."),
            when=in_state(ExpenseStatus.APPROVED),
        ),
        "cancel": calls_off(
            operations.cancel_expense,
            ExpenseStatus.DRAFT,
            ExpenseStatus.APPROVED,
            confirm=_l("The expense is called off."),
        ),
    }
    bulk = {"approve": BulkAction(operations.approve_expense, _l("Approve"), "check")}
    api = True


class ExpensePaymentScreen(Screen):
    """What was paid, entry by entry."""

    model = ExpensePayment
    area = MONEY
    icon = "cash"
    label, one = _l("Expense payments"), _l("Expense payment")
    help = _l(
        "What was paid of expenses. A mistake is set right by an entry with the opposite sign."
    )
    list_columns = ("at", "expense", "method", "amount", "store", "note")
    filters = ("at", "expense", "store", "amount")
    order = ("at", "desc")
    sections = ((_l("Payment"), ("expense", "method", "amount", "note", "at", "store")),)
    read_only = ("at", "store")
    edits = archives = False
    on_add = add_expense_payment
    api = True


class ExpenseCategoryScreen(Screen):
    """What money is spent on."""

    model = ExpenseCategory
    area = MONEY
    icon = "category"
    label, one = _l("Expense categories"), _l("Expense category")
    help = _l("What money is spent on, and where that stands in profit and loss.")
    list_columns = ("name", "kind", "note")
    filters = ("kind", "name")
    order = ("name", "asc")
    sections = ((_l("Category"), ("name", "kind", "note")),)
    related = (Related("Expense", by="category"),)
    api = True


ALL = [ExpenseScreen, ExpensePaymentScreen, ExpenseCategoryScreen]
