"""Choices of the warehouse."""

from flask_babel import lazy_gettext as _l

from app.kit.choices import Choice


class MovementKind(Choice):
    GOODS_RECEIPT = "goods_receipt", _l("Goods receipt"), "green"
    SALE = "sale", _l("Sale"), "blue"
    RETURN = "return", _l("Return"), "cyan"
    WRITE_OFF = "write_off", _l("Write-off"), "red"
    TRANSFER = "transfer", _l("Transfer"), "purple"
    SERVICE_USE = "service_use", _l("Used in a service"), "orange"
    STOCKTAKE = "stocktake", _l("Stocktake correction"), "yellow"


# What people enter as a movement of its own; the others come from documents and counts. Each has a
# direction, so that its quantity has no sign, and an event by which others are told.
BY_HAND = {
    MovementKind.WRITE_OFF: (-1, "stock.written_off"),
    MovementKind.SERVICE_USE: (-1, "stock.used"),
    MovementKind.GOODS_RECEIPT: (1, "stock.taken_in"),
}


class ReceiptStatus(Choice):
    DRAFT = "draft", _l("Draft"), "grey"
    RECEIVED = "received", _l("Received"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "red"


RECEIPT_MOVES = {
    ReceiptStatus.DRAFT: {ReceiptStatus.RECEIVED, ReceiptStatus.CANCELLED},
}
