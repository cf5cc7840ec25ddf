"""Money for orders, and signed document lines that are neither sale nor return."""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    CheckConstraint,
    Computed,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clients.models import Client
from app.company.models import Store
from app.kit.choices import choice
from app.kit.codes import country_column
from app.kit.database.install.immutability import Fixed
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Figures,
    Model,
    fold_of,
    link,
    moment_column,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.kit.database.stamp import Role
from app.kit.money import MoneyType, currency_column, money, rate_column
from app.kit.money_text import format_amount
from app.orders.choices import (
    TOLD_MOVES,
    AdjustmentReason,
    PaymentDirection,
    PaymentMethod,
    PaymentStatus,
)
from app.orders.models import triggers, variant_totals  # noqa: F401 -- what these tables' triggers call
from app.orders.models.columns import CALLED, amount_column
from app.orders.models.orders import Order
from app.orders.models.returns import GoodsReturn
from app.value.models import Certificate

_SAID = (
    "status", "direction", "method", "amount", "tendered", "currency", "order_id",
    "goods_return_id", "certificate_id", "store_id", "provider", "external_ref", "at",
    "business_date",
)  # fmt: skip
_ADJUSTED = (
    "number", "position", "store_id", "client_id", "order_id", "reason", "description", "amount",
    "currency", "rate", "amount_company", "country", "at", "business_date",
)  # fmt: skip


class Payment(Business, Source, Model):
    """Money received or returned for an order. What is settled counts; its amount never changes."""

    __tablename__ = "payment"
    __table_args__ = (
        *source_args("payment"),
        # One event of a provider is booked once, however often it is told.
        Index(
            "uq_payment_external_ref",
            "company_id",
            "provider",
            "external_ref",
            unique=True,
            postgresql_where=text("external_ref is not null"),
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("num_nonnulls(order_id, goods_return_id) >= 1", name="purpose"),
        CheckConstraint(
            "external_ref is null or provider is not null", name="reference_of_provider"
        ),
        CheckConstraint(
            "(method = 'certificate') = (certificate_id is not null)", name="certificate"
        ),
        # What comes back loose has no order on which the certificate could have been spent.
        CheckConstraint(
            "method <> 'certificate' or order_id is not null or status <> 'settled'"
            " or direction = 'received'",
            name="certificate_order",
        ),
        CheckConstraint(
            "tendered is null"
            " or (method = 'cash' and direction = 'received' and tendered >= amount)",
            name="tendered",
        ),
        *sort_indexes("at", "amount", "status", "method", "business_date", "changed_at"),
        Index(None, "company_id", "store_id", "at"),
        {
            "info": {
                "label": _l("Payment"),
                # What is settled stands; its client may change, when two become one.
                "transitions": {"status": TOLD_MOVES},
                "fixed": (Fixed(_SAID, "old.status = 'settled'"),),
                "kept": "true",
            }
        },
    )

    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    order_id: Mapped[int | None] = link("orders", info={"label": _l("Order")})
    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    goods_return_id: Mapped[int | None] = link("goods_return", info={"label": _l("Return")})
    goods_return: Mapped[GoodsReturn | None] = relationship(foreign_keys=goods_return_id)
    client_id: Mapped[int | None] = link("client", info={"label": _l("Client")})
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    direction: Mapped[PaymentDirection] = choice(
        PaymentDirection,
        default=PaymentDirection.RECEIVED,
        server_default=PaymentDirection.RECEIVED.value,
        info={"label": _l("Direction")},
    )
    method: Mapped[PaymentMethod] = choice(PaymentMethod, info={"label": _l("Method")})
    status: Mapped[PaymentStatus] = choice(
        PaymentStatus,
        default=PaymentStatus.PENDING,
        server_default=PaymentStatus.PENDING.value,
        info={"label": _l("Status"), "computed": True},
    )
    # Nobody has to send it: the operation then takes what is due, and 0 is refused by its check.
    amount: Mapped[Decimal] = money(
        server_default=text("0"),
        info={
            "label": _l("Amount"),
            "currency": "currency",
            "guard": "money",
            "help": _l("Empty for all that is due, or is owed back."),
        },
    )
    tendered: Mapped[Decimal | None] = money(
        info={
            "label": _l("Handed over"),
            "currency": "currency",
            "guard": "money",
            "help": _l("In cash; what is more than the amount is given back as change."),
        }
    )
    change: Mapped[Decimal | None] = mapped_column(
        MoneyType(),
        Computed("tendered - amount", persisted=True),
        info={"label": _lp("money", "Change"), "currency": "currency", "guard": "money"},
    )
    currency: Mapped[str] = currency_column()
    certificate_id: Mapped[int | None] = link("certificate", info={"label": _l("Certificate")})
    certificate: Mapped[Certificate | None] = relationship(foreign_keys=certificate_id)
    provider: Mapped[str | None] = mapped_column(
        Text,
        info={
            "label": _l("Provider"),
            "help": _l("Bank, terminal or payment service. Left out where there is none."),
        },
    )
    external_ref: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Provider's reference")}
    )
    at: Mapped[datetime] = moment_column()
    business_date: Mapped[date] = mapped_column(
        info={"label": _l("Business day"), "computed": True}
    )
    note: Mapped[str | None] = note_column()

    def __str__(self) -> str:
        return f"{self.direction.label} {format_amount(self.amount, self.currency)}"


_READ_ONLY = {Role.APP: "select", Role.STORE: "select"}


class PaidByWay(Figures, Model):
    """What came in for an order by one way, and what went back by it; only triggers write it.

    A way is a method, with certificates each of them. The row without `provider` counts all
    payments of the way, one with it those of that provider. No more goes out than came in.
    """

    __tablename__ = "paid_by_way"
    __table_args__ = (
        UniqueConstraint(
            "company_id",
            "order_id",
            "method",
            "certificate_id",
            "provider",
            name="uq_paid_by_way_way",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("least(received, returned) >= 0", name="amounts"),
        CheckConstraint("returned <= received + moved", name="returned"),
        {
            "info": {
                "label": _l("Paid by way"),
                "audit": False,
                "kept": "true",
                "grants": _READ_ONLY,
                "fixed": (Fixed(("moved", "order_id", "store_id", "method")),),
            }
        },
    )

    order_id: Mapped[int] = link("orders", index=False, info={"label": _l("Order")})
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    method: Mapped[PaymentMethod] = choice(PaymentMethod, info={"label": _l("Method")})
    certificate_id: Mapped[int | None] = link(
        "certificate", index=False, info={"label": _l("Certificate")}
    )
    provider: Mapped[str | None] = mapped_column(Text, info={"label": _l("Provider")})
    received: Mapped[Decimal] = money(info={"label": _l("Received"), "guard": "money"})
    returned: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Refunded"), "guard": "money"},
    )
    # Money that went back by another way than it came before this was refused: taken from the way
    # it came by, counted at the one it left by. Only the migration has written it.
    moved: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Moved between ways"), "guard": "money"},
    )


class GivenForReturn(Figures, Model):
    """What was given back for a received return; only triggers write it. No more than its total."""

    __tablename__ = "given_for_return"
    __table_args__ = (
        UniqueConstraint("company_id", "goods_return_id"),
        CheckConstraint("given between 0 and total", name="given"),
        {
            "info": {
                "label": _l("Given for a return"),
                "audit": False,
                "kept": "true",
                "grants": _READ_ONLY,
                "fixed": (Fixed(("total", "goods_return_id", "store_id")),),
            }
        },
    )

    goods_return_id: Mapped[int] = link("goods_return", index=False, info={"label": _l("Return")})
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    # The return's, as it was received; more only where more was given before this was refused.
    total: Mapped[Decimal] = money(info={"label": _l("Total"), "guard": "money"})
    given: Mapped[Decimal] = money(info={"label": _l("Refunded"), "guard": "money"})


class Adjustment(Business, Source, Model):
    """A signed document line with a reason: a bad debt, a fee, a discount given later."""

    __tablename__ = "adjustment"
    __table_args__ = (
        # A document may have several lines; its lines are told apart by position.
        UniqueConstraint("company_id", "number", "position"),
        *source_args("adjustment"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("description <> ''", name="description_given"),
        CheckConstraint("position > 0", name="position"),
        *sort_indexes("number", "at", "amount", "reason", "business_date", "changed_at"),
        Index(None, "company_id", "store_id", "at"),
        trigram_index("number_fold"),
        {
            "info": {
                "label": _l("Adjustment"),
                "search": (Look("adjustment", "id", "number_fold"),),
                "fixed": (Fixed(_ADJUSTED), CALLED),
                "kept": "true",
            }
        },
    )

    number: Mapped[str] = mapped_column(Text, info={"label": _l("Number"), "computed": True})
    number_fold: Mapped[str] = fold_of("number")
    position: Mapped[int] = mapped_column(
        default=1, server_default=text("1"), info={"label": _l("Position"), "computed": True}
    )
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    client_id: Mapped[int | None] = link("client", info={"label": _l("Client")})
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    order_id: Mapped[int | None] = link("orders", info={"label": _l("Order")})
    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    reason: Mapped[AdjustmentReason] = choice(AdjustmentReason, info={"label": _l("Reason")})
    description: Mapped[str] = mapped_column(Text, info={"label": _l("Description")})
    amount: Mapped[Decimal] = money(
        info={
            "label": _l("Amount"),
            "currency": "currency",
            "guard": "money",
            "help": _l("Positive adds to what was sold, negative takes from it."),
        }
    )
    currency: Mapped[str] = currency_column()
    rate: Mapped[Decimal] = rate_column()
    amount_company: Mapped[Decimal] = amount_column(
        _l("Amount in the company's currency"), currency="company"
    )
    country: Mapped[str | None] = country_column()
    at: Mapped[datetime] = moment_column()
    business_date: Mapped[date] = mapped_column(
        info={"label": _l("Business day"), "computed": True}
    )

    def __str__(self) -> str:
        return self.number
