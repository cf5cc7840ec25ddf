"""The tables of orders, returns and payments."""

from app.orders.models.orders import Order, OrderLine
from app.orders.models.payments import Adjustment, Payment
from app.orders.models.returns import GoodsReturn, ReturnLine
from app.orders.models.sources import OnlineRetailInvoice, OnlineRetailLine

__all__ = [
    "Adjustment",
    "GoodsReturn",
    "OnlineRetailInvoice",
    "OnlineRetailLine",
    "Order",
    "OrderLine",
    "Payment",
    "ReturnLine",
]
