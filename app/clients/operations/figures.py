"""How much a client has bought and given back."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from app.clients.choices import SeenBecause, Stage
from app.clients.models import Client, ClientFigures, ClientStore
from app.kit.database.session import unbound


def count_order(
    session: Session, client_id: int, store_id: int, amount: Decimal, at: datetime
) -> None:
    """Add one order to the client's figures, the store's among them, and move on a lead.

    `amount` is in the company's currency.
    """

    def more(of: type[ClientFigures | ClientStore]) -> dict[str, Any]:
        return {
            "orders_count": of.orders_count + 1,
            "orders_sum": of.orders_sum + amount,
            "first_order_at": func.least(of.first_order_at, at),
            "last_order_at": func.greatest(of.last_order_at, at),
        }

    with unbound(session):
        count = session.scalar(_count(client_id, store_id, more))
    # Only the first two orders can change the stage here: later ones cost no further statement.
    if count == 1:
        _move_stage(session, client_id, {Stage.LEAD}, Stage.FIRST_ORDER)
    elif count == 2:
        _move_stage(session, client_id, {Stage.LEAD, Stage.FIRST_ORDER}, Stage.ACTIVE)


def _move_stage(session: Session, client_id: int, before: set[Stage], to: Stage) -> None:
    # Without a new version: somebody with the card open has not been overtaken by a person.
    session.execute(
        update(Client)
        .where(Client.id == client_id, Client.stage.in_(before))
        .values(stage=to)
        .execution_options(synchronize_session=False)
    )


def count_return(session: Session, client_id: int, store_id: int, amount: Decimal) -> None:
    """Add one return to the client's figures, the store's among them."""

    def more(of: type[ClientFigures | ClientStore]) -> dict[str, Any]:
        return {
            "returns_count": of.returns_count + 1,
            "returns_sum": of.returns_sum + amount,
        }

    with unbound(session):
        session.execute(_count(client_id, store_id, more))


def _count(
    client_id: int, store_id: int, more: Callable[[type[ClientFigures | ClientStore]], Any]
) -> ReturningUpdate[int]:
    """Return the one statement that adds to both, the client's row first: nobody deadlocks."""
    in_store = update(ClientStore).where(
        ClientStore.client_id == client_id,
        ClientStore.store_id == store_id,
        ClientStore.why == SeenBecause.BOUGHT,
    )
    return (
        update(ClientFigures)
        .where(ClientFigures.client_id == client_id)
        .values(more(ClientFigures))
        .add_cte(in_store.values(more(ClientStore)).cte("in_store"))
        .returning(ClientFigures.orders_count)
        .execution_options(synchronize_session=False)
    )
