"""Expenses: recorded, approved, paid in one or several entries."""

from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cashier.choices import EXPENSE_MOVES, ExpensePaymentMethod, ExpenseStatus
from app.cashier.models import Expense, ExpenseBalance, ExpensePayment
from app.company.operations.rates import rate_of
from app.kit.choices import move
from app.kit.database.locking import lock
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import currency_code, round_amount
from app.kit.money_text import amount_text
from app.kit.numbering import NumberPeriod, Series, next_number
from app.kit.numbering import series as number_series

EXPENSE_NUMBERS = Series("expense", "E-{year}-{n:05}", NumberPeriod.YEAR)
number_series.register(EXPENSE_NUMBERS)


def record_expense(session: Session, expense: Expense, *, by: int | None, at: datetime) -> None:
    """Note an expense under a number of its own."""
    expense.currency = currency_code(expense.currency)
    expense.rate = rate_of(session, expense)
    if not expense.number:
        expense.number = next_number(session, EXPENSE_NUMBERS, at=expense.incurred_on)
    session.add(expense)
    session.flush()


def save_expense(session: Session, expense: Expense, *, by: int | None, at: datetime) -> None:
    """Keep what was changed. Raises Conflict once it was approved."""
    if expense.status is not ExpenseStatus.DRAFT:
        raise Conflict(_l("An approved expense is not edited: cancel it and record another."))
    record_expense(session, expense, by=by, at=at)


def approve_expense(session: Session, expense: Expense, *, by: int | None, at: datetime) -> None:
    """Let the expense be paid."""
    move(expense, EXPENSE_MOVES, ExpenseStatus.APPROVED)
    session.flush()
    emit(session, "expense.approved", expense_id=expense.id, amount=expense.amount)


def cancel_expense(session: Session, expense: Expense, *, by: int | None, at: datetime) -> None:
    """Call the expense off. Raises Conflict while something is paid of it."""
    lock(session, expense)
    if paid_of(session, expense):
        raise Conflict(_l("Take the payments back first."))
    move(expense, EXPENSE_MOVES, ExpenseStatus.CANCELLED)
    session.flush()


def pay_expense(
    session: Session,
    expense: Expense,
    amount: Decimal,
    *,
    method: ExpensePaymentMethod,
    by: int | None,
    at: datetime,
    note: str | None = None,
) -> ExpensePayment:
    """Note that so much was paid, or with a negative amount came back. Raises Conflict, Invalid."""
    lock(session, expense)
    if expense.status is not ExpenseStatus.APPROVED:
        raise Conflict(_l("Only an approved expense can be paid."))
    if not amount or round_amount(amount, expense.currency) != amount:
        raise Invalid(_l("This is not an amount of %(c)s.", c=expense.currency), field="amount")
    paid = paid_of(session, expense)
    if not 0 <= paid + amount <= expense.amount:
        raise Conflict(
            _l(
                "%(open)s of this expense is still open.",
                open=amount_text(expense.amount - paid, expense.currency),
            ),
            field="amount",
        )
    entry = ExpensePayment(
        expense_id=expense.id,
        store_id=expense.store_id,
        method=method,
        amount=amount,
        note=note,
        at=at,
    )
    session.add(entry)
    session.flush()
    emit(session, "expense.paid", expense_id=expense.id, amount=amount)
    return entry


def pay_in_full(session: Session, expense: Expense, *, by: int | None, at: datetime) -> None:
    """Note that all that is open was paid by bank transfer."""
    lock(session, expense)
    open_amount = expense.amount - paid_of(session, expense)
    if not open_amount:
        raise Conflict(_l("Nothing is open of this expense."), field="amount")
    pay_expense(session, expense, open_amount, method=ExpensePaymentMethod.TRANSFER, by=by, at=at)


def paid_of(session: Session, expense: Expense) -> Decimal:
    """Return what was paid of the expense so far."""
    paid = select(ExpenseBalance.paid).where(ExpenseBalance.expense_id == expense.id)
    return session.scalar(paid) or Decimal(0)
