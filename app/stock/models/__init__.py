"""The tables of the warehouse."""

from app.stock.models.tables import (
    GoodsReceipt,
    GoodsReceiptLine,
    Movement,
    ReservationEntry,
    StockBalance,
)

__all__ = [
    "GoodsReceipt",
    "GoodsReceiptLine",
    "Movement",
    "ReservationEntry",
    "StockBalance",
]
