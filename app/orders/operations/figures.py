"""The clients' figures, recomputed from orders and returns where adding up is not enough."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from app.clients.models import ClientFigures
from app.kit.money import money_sum
from app.orders.choices import COUNTED, ReturnStatus
from app.orders.models import GoodsReturn, Order


def client_sums(client_ids: Collection[int] | None = None) -> Select[Any]:
    """What the figures of clients must be, one row for each client that has any order or return."""
    orders = select(
        Order.client_id,
        func.count().label("orders_count"),
        money_sum(Order.total_company).label("orders_sum"),
        func.min(Order.placed_at).label("first_order_at"),
        func.max(Order.placed_at).label("last_order_at"),
    ).where(Order.client_id.is_not(None), Order.status.in_(COUNTED))
    returns = select(
        GoodsReturn.client_id,
        func.count().label("returns_count"),
        money_sum(GoodsReturn.total_company).label("returns_sum"),
    ).where(GoodsReturn.client_id.is_not(None), GoodsReturn.status == ReturnStatus.RECEIVED)
    if client_ids is not None:
        orders = orders.where(Order.client_id.in_(client_ids))
        returns = returns.where(GoodsReturn.client_id.in_(client_ids))
    bought = orders.group_by(Order.client_id).subquery("bought")
    back = returns.group_by(GoodsReturn.client_id).subquery("back")
    joined = bought.outerjoin(back, back.c.client_id == bought.c.client_id, full=True)
    return select(
        func.coalesce(bought.c.client_id, back.c.client_id).label("client_id"),
        func.coalesce(bought.c.orders_count, 0).label("orders_count"),
        func.coalesce(bought.c.orders_sum, 0).label("orders_sum"),
        bought.c.first_order_at,
        bought.c.last_order_at,
        func.coalesce(back.c.returns_count, 0).label("returns_count"),
        func.coalesce(back.c.returns_sum, 0).label("returns_sum"),
    ).select_from(joined)


FIGURES = (
    "orders_count",
    "orders_sum",
    "first_order_at",
    "last_order_at",
    "returns_count",
    "returns_sum",
)


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
    values = {name: wanted.c[name] for name in FIGURES}
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
