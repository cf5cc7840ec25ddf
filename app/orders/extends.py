"""What orders give to the rest: screens, resources, tabs, timeline kinds, invariants, demo data."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import null, update
from sqlalchemy.orm import Session

from app.kit.numbering import gapless
from app.kit.registry import (
    DemoData,
    EraseHandler,
    ImportKind,
    Invariant,
    TimelineKind,
    demo_data,
    erase_handlers,
    imports,
    invariants,
    segment_conditions,
    timeline_kinds,
)
from app.kit.rights import word
from app.kit.screens import Related, add_figure, add_tab
from app.kit.screens.areas import SALES
from app.kit.screens.dberrors import say
from app.messages.queries import values
from app.orders import api, queries, screens, segments
from app.orders.demo import load_orders
from app.orders.imports.online_retail import run as online_retail
from app.orders.models import GoodsReturn, Order
from app.orders.operations.adjustments import ADJUSTMENT_NUMBERS
from app.orders.operations.payments import TELL
from app.orders.operations.placing import ORDER_NUMBERS
from app.orders.operations.refundable import REFUND_BEYOND
from app.orders.operations.returns import RETURN_NUMBERS
from app.orders.operations.unmatched_returns import TAKE_BACK_UNSOLD


def order_url(order_id: int) -> str:
    """Return the address of an order's page."""
    return f"/orders/show/{order_id}"


def return_url(return_id: int) -> str:
    """Return the address of a return's page."""
    return f"/goods-returns/show/{return_id}"


def payment_url(payment_id: int) -> str:
    """Return the address of a payment's page."""
    return f"/payments/show/{payment_id}"


KINDS = (
    TimelineKind("order.placed", _l("Order placed"), "shopping-cart", "blue", order_url, "Order"),
    TimelineKind(
        "order.cancelled", _l("Order cancelled"), "shopping-cart-off", "red", order_url, "Order"
    ),
    TimelineKind(
        "return.received",
        _l("Goods returned"),
        "receipt-refund",
        "orange",
        return_url,
        "GoodsReturn",
    ),
    TimelineKind(
        "payment.received", _l("Payment received"), "credit-card", "green", payment_url, "Payment"
    ),
    TimelineKind(
        "payment.returned",
        _l("Payment returned"),
        "arrow-back-up",
        "orange",
        payment_url,
        "Payment",
    ),
)


def erase_from_orders(session: Session, client_id: int) -> None:
    """Blank where orders went and what was noted on them; sums and goods stay for the books."""
    for document, personal in (
        (Order, ("delivery_address", "note", "cancel_reason")),
        (GoodsReturn, ("note",)),
    ):
        session.execute(
            update(document)
            .where(document.client_id == client_id)
            .values(**dict.fromkeys(personal, null()), version=document.version + 1)
            .execution_options(synchronize_session=False)
        )


INVARIANTS = (
    Invariant(
        "orders.sums", _l("An order's sums are those of its lines."), queries.orders_that_disagree
    ),
    Invariant(
        "orders.return_sums",
        _l("A return's sums are those of its lines."),
        queries.returns_that_disagree,
    ),
    Invariant(
        "orders.paid",
        _l("What an order was paid is the sum of its settled payments."),
        queries.paid_that_disagrees,
    ),
    Invariant(
        "orders.refunded",
        _l("What was given back for an order is the sum of its settled refunds."),
        queries.refunded_that_disagrees,
    ),
    Invariant(
        "orders.payment_state",
        _l("How far an order is paid follows from what is due, came in and went back."),
        queries.payment_states_that_disagree,
    ),
    Invariant(
        "orders.paid_by_way",
        _l("What came and went by each way is the sum of its settled payments."),
        queries.ways_that_disagree,
    ),
    Invariant(
        "orders.given_for_returns",
        _l("What was given back for a return is the sum of its settled payments."),
        queries.given_that_disagrees,
    ),
    Invariant(
        "orders.returned",
        _l("What came back of an order is the sum of its returns."),
        queries.returned_that_disagrees,
    ),
    Invariant(
        "orders.adjusted",
        _l("What is added to an order or taken from it is the sum of its adjustments."),
        queries.adjusted_that_disagrees,
    ),
    Invariant(
        "orders.reservations",
        _l("What an order holds back is what its lines wait for."),
        queries.reservations_that_disagree,
    ),
    Invariant(
        "orders.returned_lines",
        _l("No more came back of a line than was sold."),
        queries.returned_beyond_the_sold,
    ),
    Invariant(
        "orders.refunds",
        _l("Money for a return counts on the order of the return."),
        queries.refunds_off_their_order,
    ),
    Invariant(
        "orders.stores",
        _l("A line is in the store of its document."),
        queries.lines_in_another_store,
    ),
    Invariant(
        "orders.client_figures",
        _l("A client's figures are what their orders and returns say."),
        queries.figures_that_disagree,
    ),
    Invariant(
        "orders.client_store_figures",
        _l("A client's figures in a store are what the documents of that store say."),
        queries.store_figures_that_disagree,
    ),
    *queries.RECKONED,
    gapless(ORDER_NUMBERS, "orders"),
    gapless(RETURN_NUMBERS, "goods_return"),
    gapless(ADJUSTMENT_NUMBERS, "adjustment"),
)


word(
    *TAKE_BACK_UNSOLD,
    area=SALES.name,
    label=_l("Returns: take back goods that were never sold here"),
    description=_l(
        "More pieces than were sold and are not back, or at a higher price than they have or had."
    ),
    marks=("money",),
)


word(
    *TELL,
    area=SALES.name,
    label=_l("Payments: tell what a payment provider has done"),
    description=_l("For a program: what it sends counts, also where nothing is due."),
    marks=("money",),
)
word(
    *REFUND_BEYOND,
    area=SALES.name,
    label=_l("Payments: give back more than is owed"),
    description=_l(
        "As goodwill: for nothing that came back, and that was not paid too much. Also for what"
        " came back without its order."
    ),
    marks=("money",),
)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    for resource in api.ALL:
        builder.add_api(resource)
    add_tab("Client", Related("Order", by="client"))
    add_tab("Client", Related("GoodsReturn", by="client"))
    add_tab("Client", Related("Payment", by="client"))
    add_tab("Variant", Related("OrderLine", by="variant"))
    add_figure("Order", screens.sums_of)
    add_figure("Order", screens.payments_of)
    add_figure("GoodsReturn", screens.sums_of)
    timeline_kinds.register(*KINDS)
    segment_conditions.register(*segments.ALL)
    values.register(queries.TOLD)
    imports.register(
        ImportKind(
            "online-retail",
            _l("Online Retail (UCI)"),
            online_retail.run,
            company=(("currency", "GBP"), ("country", "GB"), ("zone", "Europe/London")),
        )
    )
    invariants.register(*INVARIANTS)
    erase_handlers.register(EraseHandler("orders", "client", erase_from_orders, order=40))
    demo_data.register(DemoData("orders", load_orders, order=40))
    say("uq_payment_external_ref", _l("This reference of the provider is booked already."))
    say("ck_payment_due", _l("A certificate pays what is due at most."))
    say("ck_payment_return", _l("This return is not received, or belongs to another order."))
    say("ck_payment_pieces", _l("More cannot be given back than was paid for such pieces."))
    say("ck_payment_as_it_went", _l("What went out for this return comes in again as it went."))
    say("ck_payment_tendered", _l("Only cash is handed over, and no less than is paid."))
    say("ck_payment_certificate_order", _l("A certificate gets back what it paid for an order."))
    say("ck_paid_by_way_returned", _l("More cannot go back by this way than came in by it."))
    say("ck_given_for_return_given", _l("More cannot be given back for a return than it is worth."))
    say("ck_payment_certificate", _l("Name the certificate it is paid with."), "certificate")
    say(
        "ck_payment_reference_of_provider",
        _l("Name the provider whose reference this is."),
        "provider",
    )
    for line in ("order_line", "return_line"):
        say(f"ck_{line}_amount", _l("The amount does not follow from the line."), "unit_price")
        say(f"ck_{line}_goods_have_variant", _l("Name the variant."), "variant")
        say(f"ck_{line}_charge_is_named", _l("Name the charge."), "charge_kind")
    say("fixed_order_line", _l("A placed order is not edited: cancel it or take goods back."))
    say("fixed_return_line", _l("A received return is not edited."))
    say("ck_payment_purpose", _l("A payment belongs to an order or a return."))
