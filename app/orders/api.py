"""REST resources that are more than their screen.

An order is placed with its lines, a payment is booked once.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.kit.money import ZERO
from app.kit.rest import MOVE_IN, Resource
from app.kit.rights import word
from app.kit.screens.areas import SALES
from app.orders import operations
from app.orders.choices import OrderChannel
from app.orders.models import Order, Payment
from app.orders.operations import Item
from app.orders.screens import OrderScreen, PaymentScreen

word(
    MOVE_IN,
    "Order",
    area=SALES.name,
    label=_l("Orders: move in from another system"),
    description=_l("With the number and the time that they have there."),
)


class OrderResource(Resource):
    """POST places an order with its lines; its sums are computed, never sent."""

    screen = OrderScreen
    fields = (
        "number",
        "status",
        "client",
        "store",
        "channel",
        "placed_at",
        "business_date",
        "goods",
        "charges",
        "discount",
        "tax",
        "total",
        "currency",
        "rate",
        "total_company",
        "prices_include_tax",
        "paid",
        "refunded",
        "returned",
        "payment_state",
        "delivery_method",
        "delivery_state",
        "delivery_address",
        "promised_at",
        "country",
        "note",
    )
    writable = (
        "client",
        "store",
        "channel",
        "delivery_method",
        "delivery_address",
        "promised_at",
        "country",
        "rate",
        "note",
    )
    idempotent = True
    needed_lines = ("lines",)
    moved_in = ("number", "placed_at")

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Order:
        """Price, number and place the order in the caller's transaction."""
        items = [
            Item(
                quantity=line.get("quantity", 1),
                variant_id=line.get("variant"),
                charge=line.get("charge_kind"),
                unit_price=line.get("unit_price"),
                discount=line.get("discount") or ZERO,
                description=line.get("description") or "",
            )
            for line in values.pop("lines", ())
        ]
        own = {name: values.pop(name, None) for name in self.moved_in}
        facts = {name: value for name, value in values.items() if value is not None}
        where = operations.selling_store(session, facts.pop("store"), to_sell=True)
        order = operations.draft_order(
            session,
            items,
            where=where,
            client_id=facts.pop("client", None),
            channel=facts.pop("channel", OrderChannel.API),
            by=by,
            at=at,
            **facts,
        )
        operations.place_order(session, order, by=by, at=at, where=where, **own)
        return order


class PaymentResource(Resource):
    """POST books a payment; the same reference of a provider is booked once.

    With a provider's reference and the right `tell` it tells what the provider has done, see
    `book_told`: a refund that cannot be is answered with the status `to_check`.
    """

    screen = PaymentScreen
    idempotent = True

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Payment:
        """Book what the caller tells."""
        payment = Payment(**self.columns_of(values))
        return operations.book_told(session, payment, by=by, at=at)


ALL = [OrderResource, PaymentResource]
