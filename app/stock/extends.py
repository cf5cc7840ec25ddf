"""What the warehouse gives to the rest: screens, tabs, invariants, demo data."""

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, join, select

from app.kit.database.invariants import offending, rounded
from app.kit.money import money_sum
from app.kit.numbering import gapless
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
from app.stock.operations import RECEIPT_NUMBERS
from app.stock.queries import goods_moved_otherwise


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
        select(
            func.coalesce(StockBalance.store_id, sums.c.store_id).label("store_id"),
            func.coalesce(StockBalance.variant_id, sums.c.variant_id).label("variant_id"),
            kept,
            sums.c.quantity,
        )
        .select_from(join(StockBalance, sums, same, full=True))
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


# A line's amount follows from its cost; what was received stands in the ledger, piece by piece.
_RECEIPT_LINES = f"""
select l.id, d.number, l.amount, {rounded("l.quantity::numeric * l.unit_cost", "d.currency")} wanted
from goods_receipt_line l join goods_receipt d on d.id = l.goods_receipt_id
where l.amount <> {rounded("l.quantity::numeric * l.unit_cost", "d.currency")}"""  # noqa: S608 -- names of ours

_RECEIVED = """
select d.id, l.variant_id, d.store_id, l.quantity
from goods_receipt_line l join goods_receipt d on d.id = l.goods_receipt_id
where d.status = 'received'"""

_REASONS = """
select m.id, m.kind, m.ref_kind, m.ref_id from movement m
where case m.kind
  when 'sale' then m.ref_kind is distinct from 'order'
  when 'return' then m.ref_kind is distinct from 'goods_return'
  when 'goods_receipt' then case when m.reason is null
    then m.ref_kind is distinct from 'goods_receipt' else m.ref_kind is not null end
  when 'write_off' then m.reason is null or m.ref_kind is not null
  when 'service_use' then m.reason is null or m.ref_kind is not null
  else m.ref_kind is not null end"""

# Both sides of a transfer are of one moment.
_TRANSFERS = """
select variant_id, at, sum(quantity) quantity from movement
where kind = 'transfer' group by variant_id, at having sum(quantity) <> 0"""

_GUARDED = """
select b.store_id, b.variant_id from stock_balance b
where b.guarded and not exists (
  select from movement m where m.store_id = b.store_id and m.variant_id = b.variant_id
    and m.kind in ('goods_receipt', 'stocktake'))"""


INVARIANTS = (
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
    Invariant(
        "stock.receipt_lines",
        _l("The amount of a delivery's line follows from its quantity and cost."),
        partial(offending, _RECEIPT_LINES, "id", "number", "amount", "wanted"),
    ),
    Invariant(
        "stock.received_goods",
        _l("What was delivered is in stock, and nothing else came by a delivery."),
        partial(goods_moved_otherwise, "goods_receipt", _RECEIVED),
    ),
    Invariant(
        "stock.reasons",
        _l("Goods come and go by a document of their kind, or for a reason."),
        partial(offending, _REASONS, "id", "kind", "ref_kind", "ref_id"),
    ),
    Invariant(
        "stock.transfers",
        _l("What one store sent to another has arrived there."),
        partial(offending, _TRANSFERS, "variant_id", "at", "quantity"),
    ),
    Invariant(
        "stock.guarded",
        _l("What is marked as counted was once received or counted."),
        partial(offending, _GUARDED, "store_id", "variant_id"),
    ),
    gapless(RECEIPT_NUMBERS, "goods_receipt"),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Variant", Related("StockBalance", by="variant"))
    add_tab("Variant", Related("Movement", by="variant"))
    add_tab("Store", Related("StockBalance", by="store"))
    add_tab("Supplier", Related("GoodsReceipt", by="supplier"))
    invariants.register(*INVARIANTS)
    demo_data.register(DemoData("stock", load_stock, order=50))
    say(
        "fixed_goods_receipt_line",
        _l("What was received cannot be changed: write off what is missing."),
    )
    say("ck_movement_sign", _l("The sign of the quantity does not fit its kind."), "quantity")
    say("ck_stock_balance_available", _l("There is not enough of this in stock."))
