"""Tables of the warehouse."""

from datetime import datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalogue.models import Supplier, Variant
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
from app.kit.money import currency_column, money, rate_column, unit_price
from app.stock.choices import BY_HAND, RECEIPT_MOVES, MovementKind, ReceiptStatus
from app.stock.models import triggers  # noqa: F401 -- registers the triggers of these tables

_SIGN = """case kind when 'goods_receipt' then quantity > 0 when 'return' then quantity > 0
when 'sale' then quantity < 0 when 'write_off' then quantity < 0
when 'service_use' then quantity < 0
else quantity <> 0 end"""

_RECEIVED = (
    "number", "store_id", "supplier_id", "currency", "rate", "total", "received_at",
)  # fmt: skip


class Movement(Ledger, Model):
    """One line of the stock ledger: so many came into or left a store.

    Never changed, only added to.
    """

    __tablename__ = "movement"
    __table_args__ = (
        CheckConstraint(_SIGN, name="sign"),
        *sort_indexes("at"),
        Index(None, "company_id", "store_id", "at"),
        Index(None, "company_id", "variant_id", "at"),
        Index(None, "company_id", "ref_kind", "ref_id"),
        Index(
            "uq_movement_source_key",
            "company_id",
            "source_key",
            unique=True,
            postgresql_where=text("source_key is not null"),
        ),
        {"info": {"label": _l("Movement"), "append_only": True, "books": True}},
    )

    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    variant_id: Mapped[int] = link("variant", index=False, info={"label": _l("Variant")})
    variant: Mapped[Variant] = relationship(foreign_keys=variant_id)
    kind: Mapped[MovementKind] = choice(
        MovementKind,
        info={"label": _l("Kind"), "help": _l("Whether goods come or go."), "offered": BY_HAND},
    )
    quantity: Mapped[int] = mapped_column(
        info={
            "label": _l("Quantity"),
            "help": _l("Entered without a sign; in the ledger what went out is negative."),
        }
    )
    unit_cost: Mapped[Decimal | None] = unit_price(
        info={"label": _l("Unit cost"), "guard": "costs"}
    )
    ref_kind: Mapped[str | None] = mapped_column(Text, info={"label": _l("Document kind")})
    ref_id: Mapped[int | None] = mapped_column(BigInteger, info={"label": _l("Document")})
    reason: Mapped[str | None] = mapped_column(Text, info={"label": _l("Reason")})
    # Where an imported line came from, so that importing it again changes nothing.
    source_key: Mapped[str | None] = mapped_column(Text, info={"label": _l("Source line")})
    at: Mapped[datetime] = moment_column()


class ReservationEntry(Ledger, Model):
    """One line of what orders hold back: positive reserves, negative releases."""

    __tablename__ = "reservation_entry"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity"),
        CheckConstraint("ref_kind = 'order'", name="for_an_order"),
        Index(None, "company_id", "ref_kind", "ref_id"),
        Index(None, "company_id", "variant_id", "store_id"),
        {"info": {"label": _l("Reservation"), "append_only": True, "books": True}},
    )

    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    variant_id: Mapped[int] = link("variant", index=False, info={"label": _l("Variant")})
    variant: Mapped[Variant] = relationship(foreign_keys=variant_id)
    quantity: Mapped[int] = mapped_column(info={"label": _l("Quantity")})
    ref_kind: Mapped[str] = mapped_column(Text, info={"label": _l("Document kind")})
    ref_id: Mapped[int] = mapped_column(BigInteger, info={"label": _l("Document")})


class StockBalance(Told, Figures, Model):
    """What a store has of a variant; only triggers on the two ledgers write it."""

    __tablename__ = "stock_balance"
    __table_args__ = (
        UniqueConstraint("company_id", "store_id", "variant_id"),
        CheckConstraint("reserved >= 0", name="reserved"),
        # Once stock was counted, no order can take what is not there, whatever the load.
        CheckConstraint("not counted or reserved <= on_hand", name="available"),
        *sort_indexes("on_hand", "available", "reserved", "changed_at"),
        {
            "info": {
                "label": _l("Stock"),
                "audit": False,
                "kept": "true",
                "fixed": (Fixed(("store_id", "variant_id")), Fixed(("counted",), "old.counted")),
                "grants": {Role.APP: "select", Role.STORE: "select"},
            }
        },
    )

    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id, viewonly=True)
    variant_id: Mapped[int] = link("variant", info={"label": _l("Variant")})
    variant: Mapped[Variant] = relationship(foreign_keys=variant_id, viewonly=True)
    on_hand: Mapped[int] = mapped_column(
        default=0, server_default=text("0"), info={"label": _l("On hand")}
    )
    reserved: Mapped[int] = mapped_column(
        default=0,
        server_default=text("0"),
        info={"label": _l("Reserved"), "help": _l("Held by orders.")},
    )
    available: Mapped[int] = mapped_column(
        Computed("on_hand - reserved", persisted=True), info={"label": _l("Available")}
    )
    counted: Mapped[bool] = mapped_column(
        default=False,
        server_default=text("false"),
        info={
            "label": _l("Counted"),
            "help": _l(
                "From the first goods receipt or stocktake on: what is not there cannot be sold."
            ),
        },
    )


class GoodsReceipt(Business, Source, Model):
    """What a supplier's delivery becomes."""

    __tablename__ = "goods_receipt"
    __table_args__ = (
        *source_args("goods_receipt"),
        UniqueConstraint("company_id", "number"),
        CheckConstraint("status <> 'received' or number is not null", name="numbered"),
        CheckConstraint("status <> 'received' or received_at is not null", name="received"),
        *sort_indexes("status", "received_at", "total", "created_at", "changed_at"),
        Index(None, "company_id", "store_id", "received_at"),
        trigram_index("number_fold"),
        {
            "info": {
                "label": _l("Goods receipt"),
                "search": (Look("goods_receipt", "id", "number_fold"),),
                "transitions": {"status": RECEIPT_MOVES},
                "fixed": (Fixed(_RECEIVED, "old.number is not null"),),
                "kept": "old.number is not null",
            }
        },
    )

    number: Mapped[str | None] = mapped_column(Text, info={"label": _l("Number"), "computed": True})
    number_fold: Mapped[str | None] = fold_of("number")
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    store: Mapped[Store] = relationship(foreign_keys=store_id)
    supplier_id: Mapped[int | None] = link(
        "supplier", info={"label": _l("Supplier"), "living": True}
    )
    supplier: Mapped[Supplier | None] = relationship(foreign_keys=supplier_id)
    status: Mapped[ReceiptStatus] = choice(
        ReceiptStatus,
        default=ReceiptStatus.DRAFT,
        server_default=ReceiptStatus.DRAFT.value,
        info={"label": _l("Status")},
    )
    supplier_document: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Supplier's document")}
    )
    currency: Mapped[str] = currency_column()
    rate: Mapped[Decimal] = rate_column()
    total: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Total"), "currency": "currency", "guard": "costs", "computed": True},
    )
    received_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Received")}
    )
    note: Mapped[str | None] = note_column()
    lines: Mapped[list["GoodsReceiptLine"]] = relationship(
        foreign_keys="GoodsReceiptLine.goods_receipt_id",
        back_populates="goods_receipt",
        order_by="GoodsReceiptLine.position",
        lazy="raise",
    )

    def __str__(self) -> str:
        return self.number or str(_l("Draft"))


class GoodsReceiptLine(Business, Model):
    __tablename__ = "goods_receipt_line"
    __table_args__ = (
        UniqueConstraint("company_id", "goods_receipt_id", "position"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_cost >= 0", name="unit_cost"),
        {
            "info": {
                "label": _l("Goods receipt line"),
                "currency_of": "goods_receipt",
                "line_of": "goods_receipt_id",
                "fixed_with": "status <> 'draft'",
            }
        },
    )

    goods_receipt_id: Mapped[int] = link(
        "goods_receipt", index=False, info={"label": _l("Goods receipt")}
    )
    goods_receipt: Mapped[GoodsReceipt] = relationship(
        foreign_keys=goods_receipt_id, back_populates="lines"
    )
    store_id: Mapped[int] = link("store", index=False, info={"label": _l("Store")})
    position: Mapped[int] = mapped_column(info={"label": _l("Position")})
    variant_id: Mapped[int] = link("variant", info={"label": _l("Variant")})
    variant: Mapped[Variant] = relationship(foreign_keys=variant_id)
    quantity: Mapped[int] = mapped_column(info={"label": _l("Quantity")})
    unit_cost: Mapped[Decimal] = unit_price(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Unit cost"), "guard": "costs"},
    )
    amount: Mapped[Decimal] = money(
        default=Decimal(0),
        server_default=text("0"),
        info={"label": _l("Amount"), "guard": "costs", "computed": True},
    )
