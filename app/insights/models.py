"""Daily facts: what happened on a day in a store, added up, so that no page counts orders.

They are written by `operations.facts` alone, which computes a store's day anew from its documents.
The key begins with the day, because every page asks for a period. An empty country is unknown.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.kit.database.model import COMPANY_DEFAULT, Model, link
from app.kit.database.stamp import Role
from app.kit.money import MoneyType, money


def _info(label: str) -> dict[str, Any]:
    # Who is bound to stores only reads: events are worked off for the whole company.
    return {"info": {"title": label, "audit": False, "grants": {Role.STORE: "select"}}}


class _Cell:
    """One day of one store, and one country its sales went to."""

    company_id: Mapped[int] = mapped_column(
        BigInteger, server_default=COMPANY_DEFAULT, sort_order=-9
    )
    business_date: Mapped[date] = mapped_column(sort_order=-8)
    country: Mapped[str] = mapped_column(Text, sort_order=-6)

    @declared_attr
    def store_id(cls) -> Mapped[int]:  # noqa: N805 -- SQLAlchemy hands over the class
        # The key serves it: it begins with the company and holds the store.
        return link("store", index=False, sort_order=-7)


class DayFact(_Cell, Model):
    """Orders, returns and adjustments of a day, in the company's currency."""

    __tablename__ = "day_fact"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "business_date", "store_id", "country"),
        _info("business_date"),
    )

    orders: Mapped[int] = mapped_column(Integer)
    gross: Mapped[Decimal] = money()
    returns: Mapped[int] = mapped_column(Integer)
    returned: Mapped[Decimal] = money()
    adjustments: Mapped[int] = mapped_column(Integer)
    adjusted: Mapped[Decimal] = money()
    net: Mapped[Decimal] = mapped_column(
        MoneyType(), Computed("gross - returned + adjusted", persisted=True)
    )


class ProductFact(_Cell, Model):
    """What of a variant was sold on a day."""

    __tablename__ = "product_fact"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "business_date", "store_id", "country", "variant_id"),
        _info("business_date"),
    )

    variant_id: Mapped[int] = link("variant", index=False)
    # A copy of the variant's, so that best sellers need no join over everything sold.
    product_id: Mapped[int] = mapped_column(BigInteger)
    units: Mapped[int] = mapped_column(BigInteger)
    revenue: Mapped[Decimal] = money()


class ClientFact(_Cell, Model):
    """That a client bought on a day. `first_on` is the client's very first day, in any store."""

    __tablename__ = "client_fact"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "business_date", "store_id", "country", "client_id"),
        Index(None, "company_id", "client_id", "business_date"),
        _info("business_date"),
    )

    client_id: Mapped[int] = link("client", index=False)
    orders: Mapped[int] = mapped_column(Integer)
    gross: Mapped[Decimal] = money()
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    first_on: Mapped[date]
    # Of all rows of a client exactly one: where and when the first order was placed.
    is_first: Mapped[bool]
