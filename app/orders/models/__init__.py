"""The tables of orders, returns and payments."""

from app.orders.models.orders import Order, OrderLine
from app.orders.models.payments import Adjustment, GivenForReturn, PaidByWay, Payment
from app.orders.models.returns import GoodsReturn, ReturnLine
from app.orders.models.sources import OnlineRetailInvoice, OnlineRetailLine

__all__ = [
    "Adjustment",
    "GivenForReturn",
    "GoodsReturn",
    "OnlineRetailInvoice",
    "OnlineRetailLine",
    "Order",
    "OrderLine",
    "PaidByWay",
    "Payment",
    "ReturnLine",
]
