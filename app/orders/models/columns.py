"""Columns and checks that the documents of sale share."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.money import money

CURRENCY = "currency ~ '^[A-Z]{3}$'"
# A line is rounded once, to the currency's digits: at most half a unit of a currency without any.
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

    currency: Mapped[str] = mapped_column(String(3), info={"label": _l("Currency")}, sort_order=40)
    rate: Mapped[Decimal] = mapped_column(
        Numeric(18, 8),
        default=Decimal(1),
        server_default=text("1"),
        info={"label": _l("Rate"), "help": _l("Into the company's currency.")},
        sort_order=41,
    )
    prices_include_tax: Mapped[bool] = mapped_column(
        default=True,
        server_default=text("true"),
        info={"label": _l("Prices include tax")},
        sort_order=42,
    )


class Source:
    """Where an imported document came from: importing it again finds it and changes nothing."""

    source: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Source"), "computed": True}, sort_order=80
    )
    source_key: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Key in the source"), "computed": True}, sort_order=81
    )


def document_checks(name: str) -> tuple[CheckConstraint, ...]:
    """Return the checks of a document's sums: computed, and never disagreeing with each other."""
    tax = "case when prices_include_tax then 0 else tax end"
    return (
        CheckConstraint(CURRENCY, name="currency"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint(f"total = goods + charges + {tax}", name=f"{name}_total"),
        CheckConstraint("(source is null) = (source_key is null)", name="source"),
    )
