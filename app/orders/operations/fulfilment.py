"""An order on its way: confirmed, assembled, shipped or ready, completed, or called off."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.operations import add_to_timeline
from app.kit.choices import move
from app.kit.database.locking import lock
from app.kit.events import emit
from app.orders.choices import ORDER_MOVES, DeliveryState, OrderStatus
from app.orders.models import Order, OrderLine
from app.orders.operations.figures import recount_clients
from app.orders.operations.payments import propose_refunds, update_paid
from app.orders.operations.placing import facts
from app.stock.choices import MovementKind
from app.stock.operations import Move, post, release, reserved_for


def confirm_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Say yes to the order."""
    move(order, ORDER_MOVES, OrderStatus.CONFIRMED)
    order.confirmed_at = at
    session.flush()
    emit(session, "order.confirmed", **facts(order, at))


def assemble_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Start putting the order together."""
    move(order, ORDER_MOVES, OrderStatus.ASSEMBLING)
    session.flush()


def make_ready(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Let the order wait to be picked up; its goods stay reserved."""
    move(order, ORDER_MOVES, OrderStatus.READY)
    session.flush()
    emit(session, "order.ready", **facts(order, at))


def ship_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Let the goods leave the store."""
    move(order, ORDER_MOVES, OrderStatus.SHIPPED)
    order.shipped_at, order.delivery_state = at, DeliveryState.SENT
    session.flush()
    _hand_over(session, order, at)
    emit(session, "order.shipped", **facts(order, at))


def complete_order(session: Session, order: Order, *, by: int | None, at: datetime) -> None:
    """Note that the client has everything. Over the counter this follows the placing at once."""
    shipped = order.status is OrderStatus.SHIPPED
    move(order, ORDER_MOVES, OrderStatus.COMPLETED)
    order.completed_at, order.delivery_state = at, DeliveryState.DELIVERED
    session.flush()
    if not shipped:
        _hand_over(session, order, at)
    emit(session, "order.completed", **facts(order, at))


def _hand_over(session: Session, order: Order, at: datetime) -> None:
    """Turn what the order holds back into sales, at the cost that stood when it was placed."""
    ref = ("order", order.id)
    held = reserved_for(session, ref)
    if not held:
        return
    lines = select(OrderLine.variant_id, OrderLine.cost).where(OrderLine.order_id == order.id)
    costs = {row.variant_id: row.cost for row in session.execute(lines)}
    release(session, order.store_id, ref=ref)
    sold = [
        Move(order.store_id, variant, MovementKind.SALE, -quantity, costs.get(variant))
        for variant, quantity in sorted(held.items())
    ]
    post(session, sold, at=at, ref=ref)


def cancel_order(
    session: Session, order: Order, *, by: int | None, at: datetime, reason: str = ""
) -> None:
    """Call the order off: its goods are free again and it counts no more.

    What certificates paid goes back to them; all else that was paid waits as proposed refunds, each
    by the way it came, for `refund_order` to carry out.
    """
    placed = order.status is not OrderStatus.DRAFT
    if placed:
        # A payment that is being settled counts before, or finds the order called off.
        lock(session, order)
    move(order, ORDER_MOVES, OrderStatus.CANCELLED)
    order.cancelled_at, order.cancel_reason = at, reason or None
    session.flush()
    if not placed:
        return
    release(session, order.store_id, ref=("order", order.id))
    update_paid(session, order, at)
    propose_refunds(session, order, by=by, at=at)
    if order.client_id is not None:
        recount_clients(session, [order.client_id])
        add_to_timeline(
            session,
            order.client_id,
            "order.cancelled",
            at=at,
            ref=("order", order.id),
            store_id=order.store_id,
            data={"number": order.number},
        )
    emit(session, "order.cancelled", **facts(order, at))
