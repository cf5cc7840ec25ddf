"""Choices of orders, returns, payments and adjustments."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice


class OrderChannel(Choice):
    SHOP = "shop", _l("Web shop"), "blue"
    STORE = "store", _l("In store"), "green"
    PHONE = "phone", _l("By phone"), "cyan"
    APPOINTMENT = "appointment", _l("Appointment"), "purple"
    API = "api", _l("API"), "blue"
    IMPORT = "import", _l("Import"), "grey"


class OrderStatus(Choice):
    DRAFT = "draft", _l("Draft"), "grey"
    PLACED = "placed", _l("Placed"), "blue"
    CONFIRMED = "confirmed", _l("Confirmed"), "cyan"
    ASSEMBLING = "assembling", _l("Assembling"), "purple"
    SHIPPED = "shipped", _l("Shipped"), "orange"
    READY = "ready", _l("Ready for pickup"), "orange"
    COMPLETED = "completed", _l("Completed"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "red"


# Over the counter a placed order is completed at once; shipped goods come back as a return, not
# by cancelling.
ORDER_MOVES = {
    OrderStatus.DRAFT: {OrderStatus.PLACED, OrderStatus.CANCELLED},
    OrderStatus.PLACED: {OrderStatus.CONFIRMED, OrderStatus.COMPLETED, OrderStatus.CANCELLED},
    OrderStatus.CONFIRMED: {OrderStatus.ASSEMBLING, OrderStatus.COMPLETED, OrderStatus.CANCELLED},
    OrderStatus.ASSEMBLING: {OrderStatus.SHIPPED, OrderStatus.READY, OrderStatus.CANCELLED},
    OrderStatus.SHIPPED: {OrderStatus.COMPLETED},
    OrderStatus.READY: {OrderStatus.COMPLETED, OrderStatus.CANCELLED},
}

# Orders that count as sales: everything the client has asked for and not called off.
COUNTED = (
    OrderStatus.PLACED,
    OrderStatus.CONFIRMED,
    OrderStatus.ASSEMBLING,
    OrderStatus.SHIPPED,
    OrderStatus.READY,
    OrderStatus.COMPLETED,
)


class PaymentState(Choice):
    """How far an order is paid; computed from its payments (`operations.figures.payment_state`)."""

    NOTHING_DUE = "nothing_due", _l("Nothing to pay"), "grey"
    UNPAID = "unpaid", _l("Unpaid"), "orange"
    PARTLY_PAID = "partly_paid", _l("Partly paid"), "yellow"
    PAID = "paid", _l("Paid"), "green"
    OVERPAID = "overpaid", _l("Overpaid"), "red"
    REFUNDED = "refunded", _l("Refunded"), "purple"


class DeliveryMethod(Choice):
    COUNTER = "counter", _l("Taken along"), "grey"
    PICKUP = "pickup", _l("Pickup"), "cyan"
    COURIER = "courier", _l("Courier"), "blue"
    POST = "post", _l("Post"), "purple"


class DeliveryState(Choice):
    NOT_SENT = "not_sent", _l("Not sent yet"), "grey"
    PARTLY_SENT = "partly_sent", _l("Partly sent"), "yellow"
    SENT = "sent", _lp("goods", "Sent"), "blue"
    DELIVERED = "delivered", _l("Delivered"), "green"


class LineKind(Choice):
    GOODS = "goods", _l("Product"), "blue"
    CHARGE = "charge", _l("Charge"), "grey"


class ChargeKind(Choice):
    DELIVERY = "delivery", _l("Delivery"), "blue"
    FEE = "fee", _l("Fee"), "orange"
    PACKAGING = "packaging", _l("Packaging"), "cyan"
    DONATION = "donation", _l("Donation"), "green"
    OTHER = "other", _l("Other charge"), "grey"


class ReturnStatus(Choice):
    DRAFT = "draft", _l("Draft"), "grey"
    RECEIVED = "received", _l("Received"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "red"


RETURN_MOVES = {
    ReturnStatus.DRAFT: {ReturnStatus.RECEIVED, ReturnStatus.CANCELLED},
}


class ReturnReason(Choice):
    CHANGED_MIND = "changed_mind", _l("Changed their mind"), "grey"
    DAMAGED = "damaged", _l("Damaged"), "red"
    WRONG_ITEM = "wrong_item", _l("Wrong product sent"), "orange"
    NOT_AS_DESCRIBED = "not_as_described", _l("Not as described"), "orange"
    NOT_COLLECTED = "not_collected", _l("Not collected"), "yellow"
    UNKNOWN = "unknown", _l("Unknown"), "grey"


class PaymentMethod(Choice):
    """The ways in which money comes and goes: only what something stands behind."""

    CASH = "cash", _l("Cash"), "green"
    CARD = "card", _l("Card terminal"), "blue"
    TRANSFER = "transfer", _l("Bank transfer"), "cyan"
    ONLINE = "online", _l("Online"), "purple"
    ON_RECEIPT = "on_receipt", _l("On receipt"), "yellow"
    CERTIFICATE = "certificate", _l("Certificate"), "orange"
    OTHER = "other", _l("Other"), "grey"


# Of these a bank, a terminal or a payment service tells what has happened on its side.
BY_PROVIDER = (
    PaymentMethod.CARD,
    PaymentMethod.TRANSFER,
    PaymentMethod.ONLINE,
    PaymentMethod.OTHER,
)


class PaymentDirection(Choice):
    RECEIVED = "received", _l("Received"), "green"
    RETURNED = "returned", _l("Returned"), "orange"


class PaymentStatus(Choice):
    PENDING = "pending", _l("Pending"), "yellow"
    SETTLED = "settled", _l("Settled"), "green"
    # A provider says so, and it cannot be: kept for a person to look at, counted nowhere.
    TO_CHECK = "to_check", _l("To be checked"), "red"
    FAILED = "failed", _l("Failed"), "red"
    CANCELLED = "cancelled", _l("Cancelled"), "grey"


PAYMENT_MOVES = {
    PaymentStatus.PENDING: {
        PaymentStatus.SETTLED,
        PaymentStatus.TO_CHECK,
        PaymentStatus.FAILED,
        PaymentStatus.CANCELLED,
    },
    PaymentStatus.FAILED: {PaymentStatus.SETTLED, PaymentStatus.TO_CHECK, PaymentStatus.PENDING},
    PaymentStatus.TO_CHECK: {PaymentStatus.SETTLED, PaymentStatus.CANCELLED},
}

# A provider that tells it again says that it has happened, whatever a person made of it.
TOLD_MOVES = {
    **PAYMENT_MOVES,
    PaymentStatus.CANCELLED: {PaymentStatus.SETTLED, PaymentStatus.TO_CHECK},
}


class AdjustmentReason(Choice):
    BAD_DEBT = "bad_debt", _l("Bad debt"), "red"
    DISCOUNT = "discount", _l("Discount given later"), "orange"
    FEE = "fee", _l("Fee"), "grey"
    MANUAL = "manual", _l("Correction by hand"), "yellow"
    SAMPLES = "samples", _l("Samples"), "cyan"
    ROUNDING = "rounding", _l("Rounding"), "grey"
    OTHER = "other", _l("Other"), "grey"
