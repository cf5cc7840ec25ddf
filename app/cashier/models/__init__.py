"""The tables of the cashier."""

from app.cashier.models.tables import Expense, ExpenseBalance, ExpenseCategory, ExpensePayment

__all__ = [
    "Expense",
    "ExpenseBalance",
    "ExpenseCategory",
    "ExpensePayment",
]
