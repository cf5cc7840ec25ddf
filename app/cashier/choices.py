"""Choices of the cashier."""

from flask_babel import lazy_gettext as _l

from app.kit.choices import Choice


class ExpenseKind(Choice):
    """What an expense category is in the profit and loss of a store and month."""

    WAGES = "wages", _l("Wages"), "purple"
    PURCHASES = "purchases", _l("Purchases"), "blue"
    DEVELOPMENT = "development", _l("Development"), "cyan"
    TAXES = "taxes", _l("Taxes"), "red"
    MARKETING = "marketing", _l("Marketing"), "orange"
    RENT = "rent", _l("Rent"), "green"
    OTHER = "other", _l("Other"), "grey"


class ExpenseStatus(Choice):
    DRAFT = "draft", _l("Draft"), "grey"
    APPROVED = "approved", _l("Approved"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "red"


EXPENSE_MOVES = {
    ExpenseStatus.DRAFT: {ExpenseStatus.APPROVED, ExpenseStatus.CANCELLED},
    ExpenseStatus.APPROVED: {ExpenseStatus.CANCELLED},
}


class ExpensePaymentMethod(Choice):
    CASH = "cash", _l("Cash"), "green"
    CARD = "card", _l("Card"), "blue"
    TRANSFER = "transfer", _l("Bank transfer"), "cyan"
    OTHER = "other", _l("Other"), "grey"
