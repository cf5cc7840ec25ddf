"""What must hold of goods: documents, ledger and balances, reckoned against each other."""

from typing import Any

from sqlalchemy import Select, func, join, select

from app.kit.database.invariants import offending, rounded
from app.kit.money import money_sum
from app.stock.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    Movement,
    ReservationEntry,
    StockBalance,
)

_MOVED = """
select coalesce(n.id, m.ref_id) {kind}_id, coalesce(n.variant_id, m.variant_id) variant_id,
  n.quantity, m.quantity moved
from (
  select id, variant_id, store_id, sum(quantity) quantity from ({goods}) of_lines group by 1, 2, 3
) n full join (
  select ref_id, variant_id, store_id, {sign}sum(quantity) quantity from movement
  where ref_kind = '{kind}' group by 1, 2, 3
) m on m.ref_id = n.id and m.variant_id = n.variant_id and m.store_id = n.store_id
where n.quantity is distinct from m.quantity"""


def goods_moved_otherwise(kind: str, goods: str, *, out: bool = False) -> Select[Any]:
    """Return the documents of a kind whose goods are not in the ledger, piece by piece.

    `goods` selects what their lines say: id of the document, variant_id, store_id, quantity; what
    goes `out` is negative in the ledger. What the ledger has of no document is found as well.
    """
    sql = _MOVED.format(kind=kind, goods=goods, sign="-" if out else "")
    return offending(sql, f"{kind}_id", "variant_id", "quantity", "moved")


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


def receipt_lines_off_their_cost() -> Select[Any]:
    """Lines of deliveries whose amount does not follow from quantity and cost."""
    return offending(_RECEIPT_LINES, "id", "number", "amount", "wanted")


_RECEIVED = """
select d.id, l.variant_id, d.store_id, l.quantity
from goods_receipt_line l join goods_receipt d on d.id = l.goods_receipt_id
where d.status = 'received'"""


def received_otherwise() -> Select[Any]:
    """Deliveries whose goods are not in the ledger."""
    return goods_moved_otherwise("goods_receipt", _RECEIVED)


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


def movements_without_a_reason() -> Select[Any]:
    """Movements that name neither a document of their kind nor a reason."""
    return offending(_REASONS, "id", "kind", "ref_kind", "ref_id")


# Both sides of a transfer are of one moment.
_TRANSFERS = """
select variant_id, at, sum(quantity) quantity from movement
where kind = 'transfer' group by variant_id, at having sum(quantity) <> 0"""


def transfers_that_did_not_arrive() -> Select[Any]:
    """Goods that left one store and came to no other."""
    return offending(_TRANSFERS, "variant_id", "at", "quantity")


_COUNTED = """
select b.store_id, b.variant_id from stock_balance b
where b.counted and not exists (
  select from movement m where m.store_id = b.store_id and m.variant_id = b.variant_id
    and m.kind in ('goods_receipt', 'stocktake'))"""


def counted_by_nobody() -> Select[Any]:
    """Balances marked as counted that were never received or counted."""
    return offending(_COUNTED, "store_id", "variant_id")
