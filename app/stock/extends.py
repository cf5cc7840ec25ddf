"""What the warehouse gives to the rest: screens, tabs, invariants, demo data."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from app.kit.money import money_sum
from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say
from app.stock import screens
from app.stock.demo import load_stock
from app.stock.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    Movement,
    ReservationEntry,
    StockBalance,
)


def _disagreeing(ledger: Any, kept: Any) -> Select[Any]:
    sums = (
        select(ledger.store_id, ledger.variant_id, func.sum(ledger.quantity).label("quantity"))
        .group_by(ledger.store_id, ledger.variant_id)
        .subquery("sums")
    )
    same = (sums.c.store_id == StockBalance.store_id) & (
        sums.c.variant_id == StockBalance.variant_id
    )
    return (
        select(StockBalance.store_id, StockBalance.variant_id, kept, sums.c.quantity)
        .select_from(StockBalance)
        .outerjoin(sums, same)
        .where(kept.is_distinct_from(func.coalesce(sums.c.quantity, 0)))
    )


def on_hand_that_disagrees() -> Select[Any]:
    """Balances that are not the sum of their movements."""
    return _disagreeing(Movement, StockBalance.on_hand)


def reserved_that_disagrees() -> Select[Any]:
    """Reservations that are not the sum of their entries."""
    return _disagreeing(ReservationEntry, StockBalance.reserved)


def receipts_that_disagree() -> Select[Any]:
    """Deliveries whose sum is not that of their lines, or with a line in another store."""
    sums = (
        select(
            GoodsReceiptLine.goods_receipt_id,
            money_sum(GoodsReceiptLine.amount).label("amount"),
            func.count().filter(GoodsReceiptLine.store_id != GoodsReceipt.store_id).label("away"),
        )
        .join(GoodsReceipt, GoodsReceipt.id == GoodsReceiptLine.goods_receipt_id)
        .group_by(GoodsReceiptLine.goods_receipt_id)
        .subquery("sums")
    )
    wrong = GoodsReceipt.total.is_distinct_from(func.coalesce(sums.c.amount, 0))
    return (
        select(GoodsReceipt.id, GoodsReceipt.number, GoodsReceipt.total, sums.c.amount)
        .outerjoin(sums, sums.c.goods_receipt_id == GoodsReceipt.id)
        .where(wrong | (sums.c.away > 0))
    )


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Variant", Related("StockBalance", by="variant"))
    add_tab("Variant", Related("Movement", by="variant"))
    add_tab("Store", Related("StockBalance", by="store"))
    add_tab("Supplier", Related("GoodsReceipt", by="supplier"))
    invariants.register(
        Invariant(
            "stock.on_hand",
            _l("What is on hand is the sum of the movements."),
            on_hand_that_disagrees,
        ),
        Invariant(
            "stock.reserved",
            _l("What is reserved is the sum of the reservations."),
            reserved_that_disagrees,
        ),
        Invariant(
            "stock.receipts",
            _l("A delivery's sum is that of its lines, in its store."),
            receipts_that_disagree,
        ),
    )
    demo_data.register(DemoData("stock", load_stock, order=50))
    say("ck_stock_balance_available", _l("There is not enough of this in stock."))
