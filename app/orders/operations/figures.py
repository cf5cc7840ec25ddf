"""What follows from documents: how far an order is paid, what a client bought so far."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients.models import ClientFigures
from app.orders.choices import PaymentState
from app.orders.queries import FIGURES, client_sums


def payment_state(due: Decimal, received: Decimal, given_back: Decimal) -> PaymentState:
    """How far an order is paid, of what is due, all that came in, and what of it went back.

    The only place that decides it; `queries.payment_state_of` is the same for SQL.
    """
    kept = received - given_back
    if given_back > 0 and kept <= 0:
        return PaymentState.REFUNDED
    if kept > due:
        return PaymentState.OVERPAID
    if received <= 0:
        return PaymentState.UNPAID if due > 0 else PaymentState.NOTHING_DUE
    return PaymentState.PAID if kept == due else PaymentState.PARTLY_PAID


def recount_clients(session: Session, client_ids: Collection[int] | None = None) -> None:
    """Set the figures of these clients (or all) to what their orders and returns say.

    Imports call it once at their end, in place of counting order by order.
    """
    if client_ids is not None:
        # First the lock, then the sums: an order counted between the two would be forgotten.
        session.execute(
            select(ClientFigures.id)
            .where(ClientFigures.client_id.in_(client_ids))
            .order_by(ClientFigures.id)
            .with_for_update(key_share=True)
        )
    right = client_sums(client_ids).subquery("right_figures")
    figures = select(ClientFigures.id, *(right.c[name] for name in FIGURES)).join(
        right, right.c.client_id == ClientFigures.client_id, isouter=True
    )
    if client_ids is not None:
        figures = figures.where(ClientFigures.client_id.in_(client_ids))
    wanted = figures.subquery("wanted")
    values: dict[str, Any] = {name: wanted.c[name] for name in FIGURES}
    for name in ("orders_count", "orders_sum", "returns_count", "returns_sum"):
        values[name] = func.coalesce(wanted.c[name], 0)
    different = [
        getattr(ClientFigures, name).is_distinct_from(value) for name, value in values.items()
    ]
    condition = different[0]
    for one in different[1:]:
        condition |= one
    session.execute(
        update(ClientFigures)
        .values(values)
        .where(ClientFigures.id == wanted.c.id, condition)
        .execution_options(synchronize_session=False)
    )
