"""Screens of the warehouse: generated. Ledger and balance are read only; documents move goods."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.catalogue.screens import own_currency
from app.kit.screens import Lines, Screen
from app.kit.screens.areas import WAREHOUSE
from app.kit.screens.documents import calls_off, in_state, receives
from app.stock import operations
from app.stock.choices import ReceiptStatus
from app.stock.models import GoodsReceipt, Movement, StockBalance


def add_movement(session: Session, movement: Movement, *, by: int | None, at: datetime) -> Movement:
    """Let goods come or go from a form or a program."""
    return operations.move_by_hand(
        session,
        movement.kind,
        store_id=movement.store_id or movement.store.id,
        variant_id=movement.variant_id or movement.variant.id,
        quantity=movement.quantity or 0,
        reason=movement.reason or "",
        by=by,
        at=at,
    )


class StockBalanceScreen(Screen):
    """What is where."""

    model = StockBalance
    area = WAREHOUSE
    icon = "packages"
    label, one = _l("Stock"), _l("Stock")
    help = _l("What each store has of each variant: on hand, reserved by orders, and available.")
    list_columns = ("variant", "store", "on_hand", "reserved", "available", "counted")
    filters = ("variant", "store", "on_hand", "reserved", "available")
    order = ("available", "asc")
    sections = ((_l("Stock"), ("variant", "store", "on_hand", "reserved", "available", "counted")),)
    adds = edits = archives = False
    api = True


class MovementScreen(Screen):
    """The stock ledger; by hand goods are written off, used or taken in."""

    model = Movement
    area = WAREHOUSE
    icon = "transfer"
    label, one = _l("Stock movements"), _l("Movement")
    help = _l(
        "Everything that came into or left a store. What no document moves is entered here: goods"
        " written off, used, or found."
    )
    list_columns = ("at", "variant", "store", "kind", "quantity", "unit_cost", "reason")
    filters = ("at", "variant", "store")
    order = ("at", "desc")
    sections = (
        (_l("Movement"), ("kind", "store", "variant", "quantity", "reason")),
        (_l("Entry"), ("unit_cost", "ref_kind", "ref_id", "at")),
    )
    read_only = ("unit_cost", "ref_kind", "ref_id", "at")
    required = ("reason",)
    edits = archives = False
    on_add = add_movement
    api = True


class GoodsReceiptScreen(Screen):
    """What suppliers delivered."""

    model = GoodsReceipt
    area = WAREHOUSE
    icon = "truck-return"
    label, one = _l("Goods receipts"), _l("Goods receipt")
    help = _l("A supplier's delivery: its lines come into stock when it is received.")
    list_columns = ("number", "supplier", "store", "status", "total", "received_at", "created_at")
    phone_columns = ("number", "supplier", "status", "total", "received_at")
    filters = ("supplier", "store", "status", "received_at", "created_at", "total")
    order = ("created_at", "desc")
    search_hint = _l("Number")
    sections = (
        (_l("Delivery"), ("number", "status", "supplier", "store", "supplier_document")),
        (_l("Money"), ("currency", "rate", "total")),
        (_l("Note"), ("received_at", "note")),
    )
    read_only = ("number", "status", "total", "received_at")
    defaults = {"currency": own_currency}
    path_of = "status"
    lines = (
        Lines(
            "lines",
            _l("Lines"),
            ("variant", "quantity", "unit_cost", "amount"),
            add_label=_l("Add a line"),
        ),
    )
    archives = False
    on_add = operations.save_receipt
    on_edit = operations.save_receipt
    edits_when = in_state(ReceiptStatus.DRAFT)
    actions_on = {
        "receive": receives(
            operations.receive_goods,
            ReceiptStatus.DRAFT,
            confirm=_l("The goods come into stock; this cannot be taken back."),
            done=_l("The goods are in stock."),
        ),
        "cancel": calls_off(
            operations.cancel_receipt, ReceiptStatus.DRAFT, confirm=_l("The draft is given up.")
        ),
    }
    api = True


ALL = [StockBalanceScreen, MovementScreen, GoodsReceiptScreen]
