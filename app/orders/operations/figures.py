"""The clients' figures, recomputed from orders and returns where adding up is not enough."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients.models import ClientFigures
from app.orders.queries import FIGURES, client_sums


def recount_clients(session: Session, client_ids: Collection[int] | None = None) -> None:
    """Set the figures of these clients (or all) to what their orders and returns say.

    Imports call it once at their end, in place of counting order by order.
    """
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
