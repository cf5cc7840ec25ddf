"""Columns and checks that the documents of sale share."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Text, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.catalogue.models import Variant
from app.company.models import Store
from app.kit.choices import choice
from app.kit.database.install.immutability import Fixed
from app.kit.database.model import link
from app.kit.money import currency_column, money, rate_column, tax_rate_column
from app.kit.money import unit_price as price_column
from app.orders.choices import ChargeKind, LineKind

# What stays as it was once a document has its number; its lines stay whole.
NUMBERED = "old.number is not null"
SUMS_FIXED = (
    "number", "business_date", "store_id", "client_id", "country", "currency", "rate",
    "prices_include_tax", "goods", "charges", "tax", "total", "total_company",
)  # fmt: skip
NO_DRAFT = "status <> 'draft'"
# What another system calls it may be told later, once.
CALLED = Fixed(("source", "source_key"), when_set=True)
# A line is rounded once, to the currency's digits, which it does not know: at most half a unit of a
# currency without any. The invariants ask to the coin, and what stands is never changed.
LINE_AMOUNT = "abs(quantity::bigint * unit_price - discount - amount) <= 5000"


def amount_column(label: Any, **info: Any) -> Any:
    """Return a sum of money that the system computes and nobody types."""
    return money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": label, "guard": "money", "computed": True, **info},
    )


class Sums:
    """What a document comes to, in its own currency and, at its rate, in the company's."""

    currency: Mapped[str] = currency_column(sort_order=40)
    rate: Mapped[Decimal] = rate_column(sort_order=41)
    prices_include_tax: Mapped[bool] = mapped_column(
        default=True,
        server_default=text("true"),
        info={"label": _l("Prices include tax")},
        sort_order=42,
    )


class Line:
    """A line of a document: a variant or a charge, in the document's store and currency."""

    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")}, sort_order=20)
    position: Mapped[int] = mapped_column(info={"label": _l("Position")}, sort_order=21)
    kind: Mapped[LineKind] = choice(
        LineKind,
        default=LineKind.GOODS,
        server_default=LineKind.GOODS.value,
        info={"label": _l("Kind")},
        sort_order=22,
    )
    variant_id: Mapped[int | None] = link("variant", info={"label": _l("Variant")}, sort_order=23)
    charge_kind: Mapped[ChargeKind | None] = choice(
        ChargeKind, info={"label": _l("Charge")}, sort_order=24
    )
    description: Mapped[str] = mapped_column(
        Text,
        default="",
        server_default="",
        info={"label": _l("Description"), "help": _l("As the client reads it.")},
        sort_order=25,
    )
    quantity: Mapped[int] = mapped_column(info={"label": _l("Quantity")}, sort_order=26)
    unit_price: Mapped[Decimal] = price_column(
        default=Decimal(0),
        info={
            "label": _l("Unit price"),
            "guard": "money",
            "help": _l("Empty for the price in the catalogue."),
        },
        sort_order=27,
    )
    discount: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Discount"), "guard": "money"},
        sort_order=28,
    )
    amount: Mapped[Decimal] = amount_column(_l("Amount"))
    tax_rate: Mapped[Decimal] = tax_rate_column(sort_order=30)
    tax: Mapped[Decimal] = amount_column(_l("Tax"))

    @declared_attr
    def store(cls: Any) -> Mapped[Store]:  # noqa: N805 -- SQLAlchemy hands over the class
        return relationship(foreign_keys=cls.store_id)

    @declared_attr
    def variant(cls: Any) -> Mapped[Variant | None]:  # noqa: N805 -- as above
        return relationship(foreign_keys=cls.variant_id)

    def __str__(self) -> str:
        return f"{self.position}. {self.description}"


def line_checks() -> tuple[CheckConstraint, ...]:
    """Return the checks of a line: a variant or a charge, and amounts that follow from it."""
    return (
        CheckConstraint("(kind = 'goods') = (variant_id is not null)", name="goods_have_variant"),
        CheckConstraint("(kind = 'charge') = (charge_kind is not null)", name="charge_is_named"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        CheckConstraint("discount >= 0", name="discount"),
        CheckConstraint("least(amount, tax) >= 0", name="sums"),
        CheckConstraint(LINE_AMOUNT, name="amount"),
    )


def total_check(name: str) -> CheckConstraint:
    """Return the check of a document's sums: computed, and never disagreeing with each other."""
    tax = "case when prices_include_tax then 0 else tax end"
    return CheckConstraint(f"total = goods + charges + {tax}", name=f"{name}_total")
