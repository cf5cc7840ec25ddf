"""The clients behind the figures: who was new in a period, and who came back."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.clients.models import Client
from app.insights.models import ClientFact
from app.insights.queries.figures import Scope
from app.insights.queries.periods import Period
from app.kit.money import money_sum

Who = Literal["new", "returning"]


def buyers(period: Period, scope: Scope, who: Who) -> Select[*tuple[Any, ...]]:
    """Select the clients that the figure counted, each once, with what they bought then."""
    bought: Select[*tuple[Any, ...]] = (
        select(
            ClientFact.client_id,
            func.min(ClientFact.first_on).label("first_on"),
            func.sum(ClientFact.orders).label("orders"),
            money_sum(ClientFact.gross).label("gross"),
        )
        .where(
            ClientFact.business_date.between(period.first, period.last),
            *scope.conditions(ClientFact),
        )
        .group_by(ClientFact.client_id)
    )
    if who == "new":
        return bought.having(func.bool_or(ClientFact.is_first))
    return bought.having(func.min(ClientFact.first_on) < period.first)


def count_buyers(session: Session, period: Period, scope: Scope, who: Who) -> int:
    """How many there are."""
    found = buyers(period, scope, who).subquery("found")
    return session.scalar(select(func.count()).select_from(found)) or 0


def page_of_buyers(
    session: Session, period: Period, scope: Scope, who: Who, *, after: int = 0, limit: int = 50
) -> list[Any]:
    """Return a page of them with their names, in the order of their ids, after one of them."""
    found = (
        buyers(period, scope, who)
        .where(ClientFact.client_id > after)
        .order_by(ClientFact.client_id)
        .limit(limit)
        .subquery("found")
    )
    rows = session.execute(
        select(found, Client.name)
        .join(Client, Client.id == found.c.client_id)
        .order_by(found.c.client_id)
    )
    return list(rows.all())
