"""Orders and their lines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clients.models import Client
from app.company.models import Store
from app.kit.choices import choice
from app.kit.codes import country_column
from app.kit.database.install.immutability import Fixed
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Model,
    fold_of,
    link,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.money import unit_price as price_column
from app.orders.choices import (
    ORDER_MOVES,
    DeliveryMethod,
    DeliveryState,
    OrderChannel,
    OrderStatus,
    PaymentState,
)
from app.orders.models import buyers  # noqa: F401 -- registers the triggers of the documents
from app.orders.models.columns import (
    CALLED,
    NO_DRAFT,
    NUMBERED,
    SUMS_FIXED,
    Line,
    Sums,
    amount_column,
    line_checks,
    total_check,
)

LONGEST_NUMBER = 60
"""Of an order that brings its own from elsewhere."""


class Order(Business, Sums, Source, Model):
    """A sale from draft to completed. An order over the counter may have no client."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        *source_args("orders"),
        CheckConstraint(
            "status in ('draft', 'cancelled')"
            " or num_nonnulls(number, placed_at, business_date) = 3",
            name="placed_order_is_numbered",
        ),
        CheckConstraint("least(goods, charges, discount, tax, total) >= 0", name="sums"),
        CheckConstraint("refunded >= 0", name="refunded"),
        CheckConstraint("returned between 0 and total", name="returned"),
        total_check("order"),
        *sort_indexes(
            "placed_at",
            "business_date",
            "total",
            "promised_at",
            "created_at",
            "changed_at",
        ),
        Index(None, "company_id", "status", "placed_at", "id"),
        Index(None, "company_id", "payment_state", "placed_at", "id"),
        Index(None, "company_id", "country", "placed_at", "id"),
        Index(None, "company_id", "store_id", "placed_at", "id"),
        Index(None, "company_id", "client_id", "placed_at", "id"),
        trigram_index("number_fold"),
        {
            "info": {
                "label": _l("Order"),
                "search": (Look("orders", "id", "number_fold"),),
                "transitions": {"status": ORDER_MOVES},
                "fixed": (
                    Fixed((*SUMS_FIXED, "placed_at", "discount"), NUMBERED),
                    CALLED,
                    Fixed(
                        ("confirmed_at", "shipped_at", "completed_at", "cancelled_at"),
                        when_set=True,
                    ),
                ),
                "kept": NUMBERED,
            }
        },
    )

    number: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Number"), "computed": True, "longest": LONGEST_NUMBER}
    )
    number_fold: Mapped[str | None] = fold_of("number")
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    client_id: Mapped[int | None] = link(
        "client",
        index=False,
        info={
            "label": _l("Client"),
            "help": _l("Empty for a sale over the counter."),
            "living": True,
        },
    )
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    channel: Mapped[OrderChannel] = choice(
        OrderChannel,
        default=OrderChannel.STORE,
        server_default=OrderChannel.STORE.value,
        info={"label": _l("Channel")},
    )
    status: Mapped[OrderStatus] = choice(
        OrderStatus,
        default=OrderStatus.DRAFT,
        server_default=OrderStatus.DRAFT.value,
        info={"label": _l("Status"), "computed": True},
    )
    placed_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Placed"), "computed": True}
    )
    business_date: Mapped[date | None] = mapped_column(
        info={
            "label": _l("Business day"),
            "computed": True,
            "help": _l("The day of the sale on the store's own clocks."),
        }
    )
    goods: Mapped[Decimal] = amount_column(_l("Products"), currency="currency")
    charges: Mapped[Decimal] = amount_column(_l("Charges"), currency="currency")
    discount: Mapped[Decimal] = amount_column(
        _l("Discount"), help=_l("Already taken off the sums.")
    )
    tax: Mapped[Decimal] = amount_column(_l("Tax"), currency="currency")
    total: Mapped[Decimal] = amount_column(_l("Total"), currency="currency")
    total_company: Mapped[Decimal] = amount_column(
        _l("Total in the company's currency"), currency="company"
    )
    paid: Mapped[Decimal] = amount_column(
        _l("Paid"), currency="currency", help=_l("Received less returned.")
    )
    refunded: Mapped[Decimal] = amount_column(
        _l("Refunded"), currency="currency", help=_l("Money that went back to the client.")
    )
    returned: Mapped[Decimal] = amount_column(
        _l("Returned"), currency="currency", help=_l("What the goods that came back were worth.")
    )
    adjusted: Mapped[Decimal] = amount_column(
        _l("Adjusted"),
        currency="currency",
        help=_l("What adjustments of the order add to what is due, or take from it."),
    )
    payment_state: Mapped[PaymentState] = choice(
        PaymentState,
        default=PaymentState.UNPAID,
        server_default=PaymentState.UNPAID.value,
        info={"label": _l("Payment"), "computed": True},
    )
    delivery_method: Mapped[DeliveryMethod] = choice(
        DeliveryMethod,
        default=DeliveryMethod.COUNTER,
        server_default=DeliveryMethod.COUNTER.value,
        info={"label": _l("Delivery")},
    )
    delivery_state: Mapped[DeliveryState] = choice(
        DeliveryState,
        default=DeliveryState.NOT_SENT,
        server_default=DeliveryState.NOT_SENT.value,
        info={"label": _l("Delivery state"), "computed": True},
    )
    delivery_address: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        info={"label": _l("Delivery address"), "format": "address", "guard": "contacts"},
    )
    promised_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True),
        info={"label": _l("Promised"), "help": _l("By when the client was told to have it.")},
    )
    country: Mapped[str | None] = country_column(info={"help": _l("Where the order goes.")})
    note: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Note"), "help": _l("Shown to the packer."), "format": "long"}
    )
    cancel_reason: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Reason for cancelling"), "computed": True}
    )
    confirmed_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Confirmed"), "computed": True}
    )
    shipped_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Shipped"), "computed": True}
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Completed"), "computed": True}
    )
    cancelled_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Cancelled"), "computed": True}
    )
    lines: Mapped[list["OrderLine"]] = relationship(
        foreign_keys="OrderLine.order_id",
        back_populates="order",
        order_by="OrderLine.position",
        lazy="raise",
    )

    def __str__(self) -> str:
        return self.number or str(_l("Draft"))


class OrderLine(Business, Line, Model):
    """One line of an order: a variant, or a charge. Its place in a source is order and position."""

    __tablename__ = "order_line"
    __table_args__ = (
        # Serves the key to orders too: every further index is paid for by each line of an import.
        UniqueConstraint("company_id", "order_id", "position"),
        *line_checks(),
        CheckConstraint("cost >= 0", name="cost"),
        {
            "info": {
                "label": _l("Order line"),
                "currency_of": "order",
                "line_of": "order_id",
                "fixed_with": NO_DRAFT,
                "title": "description",
                "told_apart": ("position", "quantity", "amount"),
            }
        },
    )

    order_id: Mapped[int] = link("orders", index=False, info={"label": _l("Order")})
    order: Mapped[Order] = relationship(foreign_keys=order_id, back_populates="lines")
    stocked: Mapped[bool] = mapped_column(
        default=True,
        server_default=text("true"),
        info={
            "label": _l("From stock"),
            "computed": True,
            "help": _l("Goods are reserved and leave the stock; services and charges do not."),
        },
    )
    cost: Mapped[Decimal | None] = price_column(
        info={
            "label": _l("Unit cost at the sale"),
            "guard": "costs",
            "computed": True,
            "currency": "company",
        }
    )
