"""Tables of the cashier."""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cashier.choices import EXPENSE_MOVES, ExpenseKind, ExpensePaymentMethod, ExpenseStatus
from app.cashier.models import triggers  # noqa: F401 -- registers the triggers of the tables below
from app.catalogue.models import Supplier
from app.company.models import Store
from app.kit.choices import choice
from app.kit.database.install.immutability import Fixed
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Figures,
    Ledger,
    Model,
    Told,
    fold_of,
    link,
    moment_column,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.database.stamp import Role
from app.kit.money import currency_column, money, rate_column


class ExpenseCategory(Business, Source, Model):
    __tablename__ = "expense_category"
    __table_args__ = (
        *source_args("expense_category"),
        UniqueConstraint("company_id", "name"),
        CheckConstraint("name <> ''", name="name_given"),
        *sort_indexes("name_fold", "kind", "changed_at"),
        trigram_index("name_fold"),
        {
            "info": {
                "label": _l("Expense category"),
                "search": (Look("expense_category", "id", "name_fold"),),
            }
        },
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    kind: Mapped[ExpenseKind] = choice(
        ExpenseKind,
        default=ExpenseKind.OTHER,
        server_default=ExpenseKind.OTHER.value,
        info={"label": _l("Kind"), "help": _l("Where it stands in profit and loss.")},
    )
    note: Mapped[str | None] = note_column()

    def __str__(self) -> str:
        return self.name


class Expense(Business, Source, Model):
    """Money to be spent. What was paid of it is the sum of its payment entries."""

    __tablename__ = "expense"
    __table_args__ = (
        *source_args("expense"),
        UniqueConstraint("company_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("tax >= 0 and tax < amount", name="tax"),
        CheckConstraint("description <> ''", name="description_given"),
        CheckConstraint("due_on is null or due_on >= incurred_on", name="due"),
        *sort_indexes(
            "incurred_on", "due_on", "amount", "status", "description_fold", "changed_at"
        ),
        Index(None, "company_id", "store_id", "incurred_on"),
        trigram_index("description_fold"),
        trigram_index("number"),
        {
            "info": {
                "transitions": {"status": EXPENSE_MOVES},
                "fixed": (
                    Fixed(("number",)),
                    Fixed(
                        ("amount", "tax", "currency", "rate", "incurred_on", "store_id"),
                        "old.status <> 'draft'",
                    ),
                ),
                "kept": "true",
                "label": _l("Expense"),
                "search": (
                    Look("expense", "id", "description_fold"),
                    Look("expense", "id", "number"),
                ),
            }
        },
    )

    number: Mapped[str] = mapped_column(Text, info={"label": _l("Number"), "computed": True})
    category_id: Mapped[int] = link(
        "expense_category", info={"label": _l("Category"), "living": True}
    )
    category: Mapped[ExpenseCategory] = relationship(foreign_keys=category_id)
    store_id: Mapped[int | None] = link(
        "store",
        index=False,
        info={"label": _l("Store"), "help": _l("Empty for the company as a whole.")},
    )
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    supplier_id: Mapped[int | None] = link(
        "supplier", info={"label": _l("Supplier"), "living": True}
    )
    supplier: Mapped[Supplier | None] = relationship(foreign_keys=supplier_id)
    description: Mapped[str] = mapped_column(
        Text, info={"label": _l("Description"), "sort_by": "description_fold"}
    )
    description_fold: Mapped[str] = fold_of("description")
    document: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Document"), "help": _l("Number of the invoice or slip.")}
    )
    status: Mapped[ExpenseStatus] = choice(
        ExpenseStatus,
        default=ExpenseStatus.DRAFT,
        server_default=ExpenseStatus.DRAFT.value,
        info={"label": _l("Status"), "computed": True},
    )
    amount: Mapped[Decimal] = money(
        info={
            "label": _l("Amount"),
            "currency": "currency",
            "guard": "money",
            "help": _l("Including tax."),
        }
    )
    tax: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Tax"), "currency": "currency", "guard": "money"},
    )
    currency: Mapped[str] = currency_column()
    rate: Mapped[Decimal] = rate_column()
    incurred_on: Mapped[date] = mapped_column(
        info={"label": _l("Date"), "help": _l("The day whose figures it belongs to.")}
    )
    due_on: Mapped[date | None] = mapped_column(info={"label": _l("Due")})
    balance: Mapped["ExpenseBalance | None"] = relationship(
        foreign_keys="ExpenseBalance.expense_id",
        viewonly=True,
        uselist=False,
        info={"always": True},
    )

    def __str__(self) -> str:
        return f"{self.number} {self.description}"


class ExpensePayment(Ledger, Model):
    """So much was paid of an expense, or came back. Never changed."""

    __tablename__ = "expense_payment"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        *sort_indexes("at", "amount"),
        {
            "info": {
                "label": _l("Expense payment"),
                "append_only": True,
                "books": True,
                "currency_of": "expense",
            }
        },
    )

    expense_id: Mapped[int] = link("expense", info={"label": _l("Expense")})
    expense: Mapped[Expense] = relationship(foreign_keys=expense_id)
    store_id: Mapped[int | None] = link("store", info={"label": _l("Store")})
    store: Mapped[Store | None] = relationship(foreign_keys=store_id)
    method: Mapped[ExpensePaymentMethod] = choice(
        ExpensePaymentMethod, info={"label": _l("Method")}
    )
    amount: Mapped[Decimal] = money(
        info={"label": _l("Amount"), "guard": "money", "help": _l("Negative if money came back.")}
    )
    note: Mapped[str | None] = note_column()
    at: Mapped[datetime] = moment_column()


class ExpenseBalance(Told, Figures, Model):
    """What was paid of an expense; only triggers write it."""

    __tablename__ = "expense_balance"
    __table_args__ = (
        UniqueConstraint("company_id", "expense_id"),
        CheckConstraint("paid >= 0", name="paid"),
        *sort_indexes("paid", "changed_at"),
        {
            "info": {
                "label": _l("Paid"),
                "audit": False,
                "kept": "true",
                "grants": {Role.APP: "select", Role.STORE: "select"},
            }
        },
    )

    expense_id: Mapped[int] = link("expense", index=False, info={"label": _l("Expense")})
    expense: Mapped[Expense] = relationship(foreign_keys=expense_id, viewonly=True)
    store_id: Mapped[int | None] = link("store", info={"label": _l("Store")})
    paid: Mapped[Decimal] = money(info={"label": _l("Paid"), "guard": "money"})
