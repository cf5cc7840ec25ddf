"""Placing an order: the one path of API, counter and screens, in few statements."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.clients.models import Client
from app.clients.operations import add_to_timeline, count_order
from app.kit.choices import move
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import ZERO
from app.kit.numbering import NumberPeriod, Series, next_number
from app.kit.numbering import series as number_series
from app.orders.choices import ORDER_MOVES, OrderStatus
from app.orders.models import Order, OrderLine
from app.orders.models.orders import LONGEST_NUMBER
from app.orders.operations.figures import payment_state
from app.orders.operations.pricing import reprice
from app.orders.operations.refundable import due_of
from app.orders.operations.selling_store import SellingStore, selling_store
from app.stock.operations import reserve

ORDER_NUMBERS = Series("order", "{year}-{n:06}", NumberPeriod.YEAR)
number_series.register(ORDER_NUMBERS)


def place_order(
    session: Session,
    order: Order,
    *,
    by: int | None,
    at: datetime,
    number: str | None = None,
    placed_at: datetime | None = None,
    where: SellingStore | None = None,
) -> None:
    """Give the order its number, reserve its goods, count it for the client and tell the others.

    Takes an order of `draft_order` or a saved draft, of which everything is checked anew but for
    its store, when the caller has just read it (`where`).
    One that is moved in from elsewhere keeps its own number and the moment it was placed at.
    Raises OutOfStock, Conflict, Invalid.
    """
    if placed_at is not None and placed_at > at:
        raise Invalid(_l("An order is not placed in the future."), field="placed_at")
    at = placed_at or at
    own = None if number is None else _own_number(number)
    with session.no_autoflush:
        where = where or selling_store(session, order.store_id, to_sell=True)
    if placed_at is None:
        _refuse_gone(session, order)
    lines = _lines(session, order, where)
    if not lines:
        raise Conflict(_l("Add at least one line first."))
    # Status, number and time reach the database together, or its checks refuse them.
    with session.no_autoflush:
        move(order, ORDER_MOVES, OrderStatus.PLACED)
        order.placed_at, order.business_date = at, where.day(at)
        order.payment_state = payment_state(due_of(order), ZERO, ZERO)
        # The counter is locked from here to the commit: what can be read was read before.
        order.number = own or next_number(session, ORDER_NUMBERS, at=at, zone=where.time_zone)
        session.add(order)
    session.flush()
    reserve(session, order.store_id, _stocked(lines), ref=("order", order.id))
    if order.client_id is not None:
        count_order(session, order.client_id, order.store_id, order.total_company, at)
        add_to_timeline(
            session,
            order.client_id,
            "order.placed",
            at=at,
            ref=("order", order.id),
            store_id=order.store_id,
            data={"number": order.number, "total": str(order.total), "currency": order.currency},
        )
    emit(session, "order.placed", **facts(order, at))


def _own_number(number: str) -> str:
    """Return the number of an order from elsewhere: never one that the series comes to itself."""
    own = number.strip()
    if not own or len(own) > LONGEST_NUMBER:
        raise Invalid(
            _l("A number has 1 to %(longest)s characters.", longest=LONGEST_NUMBER), field="number"
        )
    if ORDER_NUMBERS.could_give(own):
        raise Invalid(
            _l("Numbers like “%(number)s” are given here, one after another.", number=own),
            field="number",
        )
    return own


def facts(order: Order, at: datetime) -> dict[str, Any]:
    """Return what an event says about an order: enough for its subscribers without loading it."""
    return {
        "order_id": order.id,
        "client_id": order.client_id,
        "store_id": order.store_id,
        "business_date": order.business_date,
        "total": order.total_company,
        "country": order.country,
        "at": at,
    }


def _lines(session: Session, order: Order, where: SellingStore) -> list[OrderLine]:
    if inspect(order).transient:
        return list(order.lines)
    lines = reprice(session, order, where)
    # With its number the order's lines are fixed: what they say is written before.
    session.flush()
    return lines


def _refuse_gone(session: Session, order: Order) -> None:
    """Refuse a draft whose client was archived since: nothing new is sold to who is not there."""
    if order.client_id is None or inspect(order).transient:
        return
    gone = select(Client.archived_at).where(Client.id == order.client_id)
    if session.scalar(gone) is not None:
        raise Conflict(_l("The client is archived. Restore them first."), field="client")


def _stocked(lines: list[OrderLine]) -> dict[int, int]:
    """How many of each variant the warehouse must hold back: goods only, services take no place."""
    wanted: dict[int, int] = {}
    for line in lines:
        if line.stocked and line.variant_id is not None:
            wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    return wanted
