"""What follows from documents: how far an order is paid, what a client bought so far."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.clients.choices import SeenBecause
from app.clients.models import ClientFigures, ClientStore
from app.kit.database.session import unbound
from app.orders.choices import PaymentState
from app.orders.queries import FIGURES, client_sums

_BOUGHT = SeenBecause.BOUGHT


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

    Over all stores, and in each. Imports call it once at their end, in place of counting order by
    order; whoever is bound to stores counts for the whole company.
    """
    with unbound(session):
        if client_ids is not None:
            # First the lock, then the sums: an order counted between the two would be forgotten.
            session.execute(
                select(ClientFigures.id)
                .where(ClientFigures.client_id.in_(client_ids))
                .order_by(ClientFigures.id)
                .with_for_update(key_share=True)
            )
        _set_right(session, ClientFigures, (ClientFigures.client_id,), client_ids)
        in_store = (ClientStore.client_id, ClientStore.store_id)
        _set_right(session, ClientStore, in_store, client_ids, ClientStore.why == _BOUGHT)


def _set_right(
    session: Session,
    figures: type[ClientFigures | ClientStore],
    key: tuple[Any, ...],
    client_ids: Collection[int] | None,
    *only: ColumnElement[bool],
) -> None:
    """Put the right sums into those rows of `figures` that differ from them."""
    right = client_sums(client_ids, by_store=len(key) > 1).subquery("right_figures")
    same = and_(*(right.c[one.key] == one for one in key))
    rows = select(*key, *(right.c[name] for name in FIGURES)).outerjoin(right, same).where(*only)
    if client_ids is not None:
        rows = rows.where(figures.client_id.in_(client_ids))
    wanted = rows.subquery("wanted")
    values: dict[str, Any] = {name: wanted.c[name] for name in FIGURES}
    for name in ("orders_count", "orders_sum", "returns_count", "returns_sum"):
        values[name] = func.coalesce(wanted.c[name], 0)
    different = [getattr(figures, name).is_distinct_from(value) for name, value in values.items()]
    session.execute(
        update(figures)
        .values(values)
        .where(*(wanted.c[one.key] == one for one in key), *only, or_(*different))
        .execution_options(synchronize_session=False)
    )
