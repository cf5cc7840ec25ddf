"""What comes back. The order of a return, and of each of its lines, may be unknown."""

from datetime import date, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CheckConstraint,
    DateTime,
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
    Model,
    fold_of,
    link,
    note_column,
    sort_indexes,
    trigram_index,
)
from app.kit.database.source import Source, source_args
from app.orders.choices import RETURN_MOVES, ReturnReason, ReturnStatus
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
from app.orders.models.orders import Order, OrderLine


class GoodsReturn(Business, Sums, Source, Model):
    """Goods taken back. Its sums are positive: what the client gets for them."""

    __tablename__ = "goods_return"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        *source_args("goods_return"),
        CheckConstraint(
            "status <> 'received' or num_nonnulls(number, returned_at, business_date) = 3",
            name="received_return_is_numbered",
        ),
        CheckConstraint("least(goods, charges, tax, total) >= 0", name="sums"),
        total_check("goods_return"),
        *sort_indexes(
            "returned_at", "business_date", "total", "status", "created_at", "changed_at"
        ),
        Index(None, "company_id", "store_id", "returned_at", "id"),
        trigram_index("number_fold"),
        {
            "info": {
                "label": _l("Return"),
                "search": (Look("goods_return", "id", "number_fold"),),
                "transitions": {"status": RETURN_MOVES},
                "fixed": (Fixed((*SUMS_FIXED, "returned_at", "order_id"), NUMBERED), CALLED),
                "kept": NUMBERED,
            }
        },
    )

    number: Mapped[str | None] = mapped_column(Text, info={"label": _l("Number"), "computed": True})
    number_fold: Mapped[str | None] = fold_of("number")
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    client_id: Mapped[int | None] = link("client", info={"label": _l("Client")})
    client: Mapped[Client | None] = relationship(foreign_keys=client_id)
    order_id: Mapped[int | None] = link(
        "orders", info={"label": _l("Order"), "help": _l("Empty if it is not known.")}
    )
    order: Mapped[Order | None] = relationship(foreign_keys=order_id)
    status: Mapped[ReturnStatus] = choice(
        ReturnStatus,
        default=ReturnStatus.DRAFT,
        server_default=ReturnStatus.DRAFT.value,
        info={"label": _l("Status"), "computed": True},
    )
    reason: Mapped[ReturnReason] = choice(
        ReturnReason,
        default=ReturnReason.UNKNOWN,
        server_default=ReturnReason.UNKNOWN.value,
        info={"label": _l("Reason")},
    )
    returned_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Returned"), "computed": True}
    )
    business_date: Mapped[date | None] = mapped_column(
        info={"label": _l("Business day"), "computed": True}
    )
    goods: Mapped[Decimal] = amount_column(_l("Products"), currency="currency")
    charges: Mapped[Decimal] = amount_column(_l("Charges"), currency="currency")
    tax: Mapped[Decimal] = amount_column(_l("Tax"), currency="currency")
    total: Mapped[Decimal] = amount_column(_l("Total"), currency="currency")
    total_company: Mapped[Decimal] = amount_column(
        _l("Total in the company's currency"), currency="company"
    )
    country: Mapped[str | None] = country_column()
    note: Mapped[str | None] = note_column()
    lines: Mapped[list["ReturnLine"]] = relationship(
        foreign_keys="ReturnLine.goods_return_id",
        back_populates="goods_return",
        order_by="ReturnLine.position",
        lazy="raise",
    )

    def __str__(self) -> str:
        return self.number or str(_l("Draft"))


class ReturnLine(Business, Line, Model):
    """One line of a return: a variant, or a charge given back. Quantity and amount are positive."""

    __tablename__ = "return_line"
    __table_args__ = (
        UniqueConstraint("company_id", "goods_return_id", "position"),
        *line_checks(),
        {
            "info": {
                "label": _l("Return line"),
                "currency_of": "goods_return",
                "line_of": "goods_return_id",
                "fixed_with": NO_DRAFT,
            }
        },
    )

    goods_return_id: Mapped[int] = link("goods_return", index=False, info={"label": _l("Return")})
    goods_return: Mapped[GoodsReturn] = relationship(
        foreign_keys=goods_return_id, back_populates="lines"
    )
    order_line_id: Mapped[int | None] = link(
        "order_line",
        info={
            "label": _l("Order line"),
            "within": "order",
            "help": _l("Empty for the one of the order with most pieces left."),
        },
    )
    order_line: Mapped[OrderLine | None] = relationship(foreign_keys=order_line_id)
    restock: Mapped[bool] = mapped_column(
        default=True,
        server_default=text("true"),
        info={"label": _l("Back to stock"), "help": _l("Off for what cannot be sold again.")},
    )
