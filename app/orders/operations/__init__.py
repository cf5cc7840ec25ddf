"""What is done with orders, returns and payments."""

from app.orders.operations.adjustments import add_adjustment
from app.orders.operations.figures import recount_clients
from app.orders.operations.fulfilment import (
    assemble_order,
    cancel_order,
    complete_order,
    confirm_order,
    make_ready,
    ship_order,
)
from app.orders.operations.payments import (
    add_payment,
    book_payment,
    book_told,
    cancel_payment,
    fail_payment,
    refund_order,
    settle_payment,
)
from app.orders.operations.placing import place_order
from app.orders.operations.pricing import Item, draft_order, reprice, save_order
from app.orders.operations.refundable import due_of
from app.orders.operations.returns import (
    ReturnItem,
    cancel_return,
    receive_return,
    return_order,
    save_return,
    take_back,
)
from app.orders.operations.selling_store import selling_store

__all__ = [
    "Item",
    "ReturnItem",
    "add_adjustment",
    "add_payment",
    "assemble_order",
    "book_payment",
    "book_told",
    "cancel_order",
    "cancel_payment",
    "cancel_return",
    "complete_order",
    "confirm_order",
    "draft_order",
    "due_of",
    "fail_payment",
    "make_ready",
    "place_order",
    "receive_return",
    "recount_clients",
    "refund_order",
    "reprice",
    "return_order",
    "save_order",
    "save_return",
    "selling_store",
    "settle_payment",
    "ship_order",
    "take_back",
]
