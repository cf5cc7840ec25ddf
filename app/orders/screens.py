"""Screens of orders, returns, payments and adjustments: generated."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.screens import ActionParameter, BulkAction, Lines, RecordAction, Related, Screen
from app.kit.screens.areas import SALES
from app.kit.screens.documents import calls_off, in_state, receives
from app.kit.screens.pages import Card, SlipCard, SlipLine
from app.orders import operations
from app.orders.choices import OrderStatus, PaymentStatus, ReturnStatus
from app.orders.models import Adjustment, GoodsReturn, Order, OrderLine, Payment, ReturnLine

_LINE = (
    "description",
    "variant",
    "charge_kind",
    "quantity",
    "unit_price",
    "discount",
    "amount",
)


def _lines(*columns: str, hint: Any) -> Lines:
    also = ("tax_rate", "tax")
    label = _l("Add a line")
    return Lines("lines", _l("Lines"), columns, add_label=label, hint=hint, also_told=also)


_OPEN = (
    OrderStatus.DRAFT,
    OrderStatus.PLACED,
    OrderStatus.CONFIRMED,
    OrderStatus.ASSEMBLING,
    OrderStatus.READY,
)


def sums_of(_session: Session, document: Any) -> Card | None:
    """Return the sums as a slip, for those who may see money."""
    if not may("read", "money"):
        return None
    shown = [
        (_l("Products"), document.goods),
        (_l("Charges"), document.charges),
        (_l("Discount"), getattr(document, "discount", None)),
        (_l("Tax"), document.tax),
    ]
    total = (_l("Total"), document.total)
    return _slip(_l("Sums"), shown, total, document.currency)


def payments_of(_session: Session, order: Order) -> Card | None:
    """Return what came in and went out for an order, and what is open, as sums that add up."""
    if not may("read", "money") or order.status is OrderStatus.DRAFT:
        return None
    due, called_off = operations.due_of(order), order.status is OrderStatus.CANCELLED
    shown = [
        (_l("Total"), 0 if called_off else order.total),
        (_l("Returned"), 0 if called_off else -order.returned),
        # Of a debt given up no more counts than was due.
        (_l("Adjusted"), 0 if called_off else due - order.total + order.returned),
        (_l("Received"), -order.paid - order.refunded),
        (_l("Refunded"), order.refunded),
    ]
    left = due - order.paid
    total = (_l("To give back"), -left) if left < 0 else (_l("To pay"), left)
    return _slip(_l("Payments"), shown, total, order.currency)


def _slip(
    title: Any, shown: list[tuple[Any, Any]], total: tuple[Any, Any], currency: str
) -> SlipCard:
    lines = [SlipLine(label, value, currency) for label, value in shown if value]
    return SlipCard(title, lines, SlipLine(*total, currency))


class OrderScreen(Screen):
    """Sales from draft to completed."""

    model = Order
    area = SALES
    menu_rank = 1
    icon = "shopping-cart"
    label, one = _l("Orders"), _l("Order")
    help = _l("Sales from all channels, from draft to completed.")
    empty = _l("The first order appears here, from the counter, the web shop or an import.")
    list_columns = (
        "number",
        "placed_at",
        "client",
        "store",
        "channel",
        "status",
        "payment_state",
        "total",
        "promised_at",
    )
    phone_columns = ("number", "placed_at", "client", "status", "total")
    filters = (
        "status",
        "payment_state",
        "store",
        "store.franchise",
        "client",
        "country",
        "placed_at",
        "business_date",
        "total",
        "promised_at",
        "number",
        "created_at",
    )
    totals = {"total": "total_company"}
    order = ("id", "desc")
    search_hint = _l("Number")
    sections = (
        (_l("Order"), ("number", "status", "client", "store", "channel", "note")),
        (
            _l("Delivery"),
            ("delivery_method", "delivery_state", "promised_at", "country", "delivery_address"),
        ),
        (
            _l("Money"),
            (
                "total",
                "payment_state",
                "paid",
                "refunded",
                "tax",
                "total_company",
                "currency",
                "rate",
                "prices_include_tax",
            ),
        ),
        (
            _l("When"),
            ("placed_at", "business_date", "confirmed_at", "shipped_at", "completed_at"),
        ),
        (_l("Background"), ("cancelled_at", "cancel_reason", "source", "source_key")),
    )
    read_only = ("currency",)
    path_of = "status"
    lines = (_lines(*_LINE, hint=_l("Leave the price empty for the one in the catalogue.")),)
    related = (
        Related("Payment", by="order"),
        Related("GoodsReturn", by="order"),
        Related("Adjustment", by="order"),
    )
    archives = False
    on_add = operations.save_order
    on_edit = operations.save_order
    edits_when = in_state(OrderStatus.DRAFT)
    actions_on = {
        "place": RecordAction(
            operations.place_order,
            _l("Place the order"),
            "check",
            done=_l("The order is placed."),
            when=in_state(OrderStatus.DRAFT),
            primary=True,
        ),
        "confirm": RecordAction(
            operations.confirm_order,
            _l("Confirm"),
            "circle-check",
            done=_l("The order is confirmed."),
            when=in_state(OrderStatus.PLACED),
            primary=True,
        ),
        "assemble": RecordAction(
            operations.assemble_order,
            _l("Assemble"),
            "packages",
            when=in_state(OrderStatus.CONFIRMED),
            primary=True,
        ),
        "ship": RecordAction(
            operations.ship_order,
            _l("Ship"),
            "truck-delivery",
            when=in_state(OrderStatus.ASSEMBLING),
            primary=True,
        ),
        "make_ready": RecordAction(
            operations.make_ready,
            _l("Ready for pickup"),
            "shopping-bag",
            when=in_state(OrderStatus.ASSEMBLING),
        ),
        "complete": RecordAction(
            operations.complete_order,
            _l("Complete"),
            "checklist",
            done=_l("The client has everything."),
            when=in_state(
                OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.SHIPPED, OrderStatus.READY
            ),
        ),
        "take_back": RecordAction(
            operations.return_order,
            _l("Take everything back"),
            "receipt-refund",
            danger=True,
            confirm=_l("All goods come back into stock; return the money as a payment."),
            when=lambda order: (
                order.status in {OrderStatus.SHIPPED, OrderStatus.COMPLETED}
                and order.returned < order.total
            ),
        ),
        "cancel": calls_off(
            operations.cancel_order,
            *_OPEN,
            confirm=_l(
                "The order is called off and its goods are free again. What certificates paid goes"
                " back to them; other money is proposed to go back by the way it came."
            ),
            parameters=(ActionParameter("reason", _l("Reason for cancelling")),),
        ),
        "refund": RecordAction(
            operations.refund_order,
            _l("Give the money back"),
            "arrow-back-up",
            danger=True,
            confirm=_l("All that is still paid goes back, each amount by the way it came."),
            done=_l("The money is given back."),
            when=lambda order: order.status is OrderStatus.CANCELLED and order.paid > 0,
        ),
    }
    bulk = {
        "confirm": BulkAction(operations.confirm_order, _l("Confirm"), "circle-check"),
        "assemble": BulkAction(operations.assemble_order, _l("Assemble"), "packages"),
        "ship": BulkAction(operations.ship_order, _l("Ship"), "truck-delivery"),
        "complete": BulkAction(operations.complete_order, _l("Complete"), "checklist"),
    }


class OrderLineScreen(Screen):
    """What was sold, line by line."""

    model = OrderLine
    area = SALES
    menu = False
    icon = "list-details"
    label, one = _l("Order lines"), _l("Order line")
    help = _l("What was sold, line by line. Lines are changed in their order.")
    list_columns = (
        "order",
        "position",
        "variant",
        "description",
        "quantity",
        "unit_price",
        "amount",
    )
    filters = (
        "variant",
        "variant.product",
        "order",
        "order.status",
        "order.business_date",
        "order.store",
        "order.store.franchise",
        "order.country",
    )
    totals = {"quantity": "quantity"}
    order = ("id", "desc")
    sections = (
        (_l("Line"), ("order", "position", "kind", "variant", "charge_kind", "description")),
        (_l("Money"), ("quantity", "unit_price", "discount", "amount", "tax_rate", "tax", "cost")),
    )
    adds = edits = archives = False
    api = True


class GoodsReturnScreen(Screen):
    """What came back."""

    model = GoodsReturn
    area = SALES
    icon = "receipt-refund"
    label, one = _l("Returns"), _l("Return")
    help = _l("Goods that clients brought back, with or without a known order.")
    list_columns = (
        "number",
        "returned_at",
        "client",
        "order",
        "store",
        "status",
        "reason",
        "total",
    )
    phone_columns = ("number", "returned_at", "client", "status", "total")
    filters = (
        "status",
        "client",
        "order",
        "store",
        "store.franchise",
        "country",
        "returned_at",
        "business_date",
        "total",
        "number",
        "created_at",
    )
    totals = {"total": "total_company"}
    order = ("id", "desc")
    search_hint = _l("Number")
    sections = (
        (_l("Return"), ("number", "status", "client", "order", "store", "reason", "note")),
        (
            _l("Money"),
            (
                "total",
                "goods",
                "charges",
                "tax",
                "total_company",
                "currency",
                "rate",
                "prices_include_tax",
            ),
        ),
        (_l("Background"), ("returned_at", "business_date", "country", "source", "source_key")),
    )
    read_only = ("currency",)
    path_of = "status"
    lines = (
        _lines(
            *_LINE,
            "order_line",
            "restock",
            hint=_l(
                "Leave the price empty for what was paid. Where the order has several lines of one"
                " product, name the one that it comes from."
            ),
        ),
    )
    related = (Related("Payment", by="goods_return"),)
    archives = False
    on_add = operations.save_return
    on_edit = operations.save_return
    edits_when = in_state(ReturnStatus.DRAFT)
    actions_on = {
        "receive": receives(
            operations.receive_return,
            ReturnStatus.DRAFT,
            confirm=_l("The goods come back into stock; this cannot be taken back."),
            done=_l("The return is received."),
        ),
        "cancel": calls_off(
            operations.cancel_return, ReturnStatus.DRAFT, confirm=_l("The draft is given up.")
        ),
    }
    api = True


class ReturnLineScreen(Screen):
    """What came back, line by line."""

    model = ReturnLine
    area = SALES
    menu = False
    icon = "list-details"
    label, one = _l("Return lines"), _l("Return line")
    help = _l("What came back, line by line. Lines are changed in their return.")
    list_columns = ("goods_return", "position", "variant", "description", "quantity", "amount")
    filters = ("variant", "goods_return")
    order = ("id", "desc")
    sections = (
        (
            _l("Line"),
            ("goods_return", "position", "order_line", "kind", "variant", "description", "restock"),
        ),
        (_l("Money"), ("quantity", "unit_price", "discount", "amount", "tax_rate", "tax")),
    )
    adds = edits = archives = False
    api = True


class PaymentScreen(Screen):
    """Money received and returned."""

    model = Payment
    area = SALES
    icon = "credit-card"
    label, one = _l("Payments"), _l("Payment")
    help = _l("Money received or returned for orders. What is settled is not changed any more.")
    list_columns = ("at", "order", "client", "direction", "method", "status", "amount", "store")
    phone_columns = ("at", "client", "direction", "status", "amount")
    filters = (
        "at",
        "order",
        "client",
        "store",
        "goods_return",
        "method",
        "status",
        "amount",
        "business_date",
    )
    order = ("at", "desc")
    sections = (
        (
            _l("Payment"),
            (
                "order",
                "goods_return",
                "direction",
                "method",
                "amount",
                "certificate",
                "tendered",
                "change",
            ),
        ),
        (_l("Provider"), ("provider", "external_ref", "note")),
        (_l("Background"), ("status", "client", "store", "currency", "at", "business_date")),
    )
    read_only = ("status", "client", "store", "currency", "at", "business_date")
    path_of = "status"
    edits = archives = False
    on_add = operations.book_payment
    actions_on = {
        "settle": RecordAction(
            operations.settle_payment,
            _l("Settle"),
            "check",
            done=_l("The payment is booked."),
            when=in_state(PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.TO_CHECK),
            primary=True,
        ),
        "fail": RecordAction(
            operations.fail_payment,
            _l("It failed"),
            "alert-circle",
            when=in_state(PaymentStatus.PENDING),
        ),
        "cancel": calls_off(
            operations.cancel_payment,
            PaymentStatus.PENDING,
            PaymentStatus.TO_CHECK,
            confirm=_l("Nobody waits for this money any more."),
        ),
    }


class AdjustmentScreen(Screen):
    """Signed document lines with a reason."""

    model = Adjustment
    area = SALES
    icon = "adjustments-horizontal"
    label, one = _l("Adjustments"), _l("Adjustment")
    help = _l(
        "Bad debts, fees and discounts given later: amounts that are neither sale nor return."
    )
    list_columns = ("number", "at", "reason", "description", "amount", "client", "store")
    filters = (
        "at",
        "reason",
        "amount",
        "client",
        "order",
        "store",
        "store.franchise",
        "country",
        "business_date",
        "number",
    )
    totals = {"amount": "amount_company"}
    order = ("at", "desc")
    search_hint = _l("Number")
    sections = (
        (_l("Adjustment"), ("number", "reason", "description", "amount", "currency", "rate")),
        (_l("Belongs to"), ("store", "client", "order", "country")),
        (_l("Background"), ("at", "business_date", "source", "source_key")),
    )
    read_only = ("currency", "at")
    edits = archives = False
    on_add = operations.add_adjustment
    api = True


ALL = [
    OrderScreen,
    OrderLineScreen,
    GoodsReturnScreen,
    ReturnLineScreen,
    PaymentScreen,
    AdjustmentScreen,
]
