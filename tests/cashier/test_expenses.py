from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.cashier import operations
from app.cashier.choices import ExpensePaymentMethod, ExpenseStatus
from app.cashier.queries import balances_in_another_store
from app.kit.errors import Conflict, Invalid
from tests.factories import NOON, make_expense, make_expense_payment, make_store

EDGE = {"by": None, "at": NOON}


def pay(session, expense, amount):
    return operations.pay_expense(
        session, expense, Decimal(amount), method=ExpensePaymentMethod.CASH, **EDGE
    )


def test_an_expense_gets_a_number_of_its_year(session):
    assert make_expense(session).number.startswith("E-2026-")


def test_only_an_approved_expense_is_paid(session):
    expense = make_expense(session)
    with pytest.raises(Conflict):
        pay(session, expense, 10)
    operations.approve_expense(session, expense, **EDGE)
    pay(session, expense, 10)
    assert operations.paid_of(session, expense) == 10


def test_what_is_paid_is_the_sum_of_entries_and_never_above_the_amount(session):
    expense = make_expense(session, approved=True)
    pay(session, expense, "60.50")
    pay(session, expense, "-10.50")
    with pytest.raises(Conflict, match=r"€50\.00 of this expense is still open"):
        pay(session, expense, "50.01")
    operations.pay_in_full(session, expense, **EDGE)
    assert operations.paid_of(session, expense) == expense.amount == 100


def test_the_database_pays_no_expense_twice(session):
    expense = make_expense(session, approved=True)
    pay(session, expense, 60)
    out = text("insert into expense_payment (expense_id, method, amount) values (:id, 'cash', :n)")
    with pytest.raises(DBAPIError, match="more is paid than the expense"), session.begin_nested():
        session.execute(out, {"id": expense.id, "n": 400_001})
    session.execute(out, {"id": expense.id, "n": 400_000})
    assert operations.paid_of(session, expense) == 100


@pytest.mark.parametrize(
    ("entries", "paid"),
    [
        (["0.01"], "0.01"),
        (["10", "-9.50"], "0.50"),
        (["10", "-10"], 0),
        (["10", "-10.01"], None),
        (["-0.01"], None),
        (["0"], None),
        (["100"], 100),
        (["99.50", "0.50"], 100),
        (["99.50", "0.51"], None),
    ],
)
def test_what_is_paid_lies_between_nothing_and_the_amount(session, entries, paid):
    expense = make_expense(session, approved=True)
    for amount in entries[:-1]:
        pay(session, expense, amount)
    if paid is None:
        with pytest.raises((Conflict, Invalid)) as refused:
            pay(session, expense, entries[-1])
        assert refused.value.field == "amount"
    else:
        pay(session, expense, entries[-1])
        assert operations.paid_of(session, expense) == Decimal(paid)


def test_a_paid_expense_is_not_called_off(session):
    expense = make_expense_payment(session).expense
    with pytest.raises(Conflict):
        operations.cancel_expense(session, expense, **EDGE)
    pay(session, expense, -40)
    operations.cancel_expense(session, expense, **EDGE)
    assert expense.status is ExpenseStatus.CANCELLED


def test_an_approved_expense_is_not_edited(session):
    expense = make_expense(session, approved=True)
    with pytest.raises(Conflict):
        operations.save_expense(session, expense, **EDGE)


@pytest.mark.parametrize("field", ["amount", "tax"])
@pytest.mark.parametrize(
    ("value", "currency"), [("10.005", "EUR"), ("10.5", "JPY"), ("10.0005", "KWD")]
)
def test_an_amount_the_currency_does_not_have_is_refused(session, field, value, currency):
    with pytest.raises(Invalid, match="decimal") as refused:
        make_expense(session, currency=currency, rate=Decimal(1), **{field: Decimal(value)})
    assert refused.value.field == field


@pytest.mark.parametrize("table", ["expense_balance", "expense_payment"])
def test_what_was_paid_cannot_be_typed(session, table):
    make_expense_payment(session)
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(f"update {table} set company_id = company_id"))


def test_the_entry_and_the_balance_belong_to_the_expenses_store(session):
    store = make_store(session)
    expense = make_expense(session, approved=True, store=store)
    entry = pay(session, expense, 10)
    session.refresh(expense, ["balance"])
    assert (entry.store_id, expense.balance.store_id, expense.balance.paid) == (
        store.id,
        store.id,
        10,
    )


def test_an_expense_in_another_currency_needs_its_rate(session):
    with pytest.raises(Invalid, match="USD"):
        make_expense(session, currency="USD")
    made = make_expense(session, currency="USD", rate=Decimal("0.9"))
    assert (made.rate, make_expense(session, rate=Decimal(1)).rate) == (Decimal("0.9"), 1)


@pytest.mark.parametrize("rate", [Decimal(7), Decimal(-1), Decimal(0)])
def test_an_amount_at_home_has_no_other_rate_than_one(session, rate):
    with pytest.raises(Invalid, match="have the rate 1") as refused:
        make_expense(session, rate=rate)
    assert refused.value.field == "rate"


def test_the_balance_goes_to_another_store_with_its_expense(session):
    one, other = make_store(session), make_store(session)
    expense = make_expense(session, store=one)
    expense.store_id, expense.store = other.id, other
    operations.save_expense(session, expense, **EDGE)
    session.refresh(expense, ["balance"])
    assert expense.balance.store_id == other.id
    assert session.execute(balances_in_another_store()).all() == []


def test_nothing_is_paid_in_full_twice(session):
    expense = make_expense(session, approved=True)
    operations.pay_in_full(session, expense, **EDGE)
    with pytest.raises(Conflict, match="Nothing is open"):
        operations.pay_in_full(session, expense, **EDGE)
