"""What the warehouse gives to the rest: screens, tabs, invariants, demo data."""

from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.numbering import gapless
from app.kit.registry import DemoData, Invariant, demo_data, invariants
from app.kit.screens import Related, add_tab
from app.kit.screens.dberrors import say
from app.stock import queries, screens
from app.stock.demo import load_stock
from app.stock.operations import RECEIPT_NUMBERS

INVARIANTS = (
    Invariant(
        "stock.on_hand",
        _l("What is on hand is the sum of the movements."),
        queries.on_hand_that_disagrees,
    ),
    Invariant(
        "stock.reserved",
        _l("What is reserved is the sum of the reservations."),
        queries.reserved_that_disagrees,
    ),
    Invariant(
        "stock.receipts",
        _l("A delivery's sum is that of its lines, in its store."),
        queries.receipts_that_disagree,
    ),
    Invariant(
        "stock.receipt_lines",
        _l("The amount of a delivery's line follows from its quantity and cost."),
        queries.receipt_lines_off_their_cost,
    ),
    Invariant(
        "stock.received_goods",
        _l("What was delivered is in stock, and nothing else came by a delivery."),
        queries.received_otherwise,
    ),
    Invariant(
        "stock.reasons",
        _l("Goods come and go by a document of their kind, or for a reason."),
        queries.movements_without_a_reason,
    ),
    Invariant(
        "stock.transfers",
        _l("What one store sent to another has arrived there."),
        queries.transfers_that_did_not_arrive,
    ),
    Invariant(
        "stock.counted",
        _l("What is marked as counted was once received or counted."),
        queries.counted_by_nobody,
    ),
    gapless(RECEIPT_NUMBERS, "goods_receipt"),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Variant", Related("StockBalance", by="variant"))
    add_tab("Variant", Related("Movement", by="variant"))
    add_tab("Store", Related("StockBalance", by="store"))
    add_tab("Supplier", Related("GoodsReceipt", by="supplier"))
    invariants.register(*INVARIANTS)
    demo_data.register(DemoData("stock", load_stock, order=50))
    say(
        "fixed_goods_receipt_line",
        _l("What was received cannot be changed: write off what is missing."),
    )
    say("ck_movement_sign", _l("The sign of the quantity does not fit its kind."), "quantity")
    say("ck_stock_balance_available", _l("There is not enough of this in stock."))
