"""The tables of orders, returns and payments."""

from app.orders.models.orders import Order, OrderLine
from app.orders.models.returns import GoodsReturn, ReturnLine
from app.orders.models.payments import Adjustment, Payment

__all__ = [
    "Adjustment",
    "GoodsReturn",
    "Order",
    "OrderLine",
    "Payment",
    "ReturnLine",
]
