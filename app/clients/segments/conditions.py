"""What can be asked about a client from this domain's own tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, SQLColumnExpression, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.clients.choices import (
    Channel,
    ClientKind,
    ClientSource,
    ContactChannel,
    Purpose,
    Stage,
)
from app.clients.models import Client, ClientFigures, ConsentCurrent, ContactPoint
from app.clients.segments.values import (
    BIRTHDAY_OPERATORS,
    CHOICE_OPERATORS,
    DATE_OPERATORS,
    NUMBER_OPERATORS,
    OPTIONAL_DATE_OPERATORS,
    TEXT_OPERATORS,
    anniversary,
    compare,
)
from app.company.models import Store
from app.kit.choices import Choice
from app.kit.codes import country_name
from app.kit.fold import fold
from app.kit.registry import SegmentCondition

ClientId = SQLColumnExpression[int]
Where = Callable[[ClientId, str, Any], ColumnElement[bool]]
PERSON, BOUGHT, REACHED = _l("The client"), _l("Orders"), _l("How to reach them")


class OfClient:
    """A condition on a column of the client's own row. Equal to another on the same column."""

    def __init__(self, column: InstrumentedAttribute[Any]) -> None:
        self.column = column

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.column is getattr(other, "column", None)

    def __hash__(self) -> int:
        return hash(self.column.key)

    def __call__(self, client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
        return compare(self.column, operator, value)


class OfText(OfClient):
    """A condition on a text, by its stored key: case and marks make no difference."""

    def __call__(self, client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
        return compare(self.column, operator, value if value is None else fold(value))


class OfAnniversary(OfClient):
    """A condition on a day that comes again each year."""

    def __call__(self, client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
        return anniversary(self.column, operator, value)


class OfFigures(OfClient):
    """A condition on the client's figures; everybody has a row of them."""

    def __call__(self, client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
        return exists().where(
            ClientFigures.client_id == client_id, compare(self.column, operator, value)
        )


def has_contact(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """There is a valid contact point of one of these kinds."""
    found = exists().where(
        ContactPoint.client_id == client_id,
        ContactPoint.archived_at.is_(None),
        ContactPoint.valid,
        ContactPoint.channel.in_(value),
    )
    return found if operator == "one_of" else ~found


def agreed(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Say whether the client agreed to advertising by one of these channels."""
    found = exists().where(
        ConsentCurrent.client_id == client_id,
        ConsentCurrent.purpose == Purpose.MARKETING,
        ConsentCurrent.granted,
        ConsentCurrent.channel.in_(value),
    )
    return found if operator == "one_of" else ~found


def countries(session: Session) -> Iterable[tuple[str, Any]]:
    """Return the countries that clients live in: one statement that skips along the index."""
    known = select(Client.country.label("code")).where(Client.country.is_not(None))
    first = known.order_by(Client.country).limit(1).subquery("first")
    found = select(first.c.code).cte(recursive=True)
    following = (
        select(Client.country)
        .where(Client.country > found.c.code)
        .order_by(Client.country)
        .limit(1)
        .correlate(found)
        .scalar_subquery()
    )
    found = found.union_all(select(following).where(found.c.code.is_not(None)))
    codes = session.scalars(select(found.c.code).where(found.c.code.is_not(None)))
    return [(code, country_name(code)) for code in codes]


def stores(session: Session) -> Iterable[tuple[str, Any]]:
    """Return the stores, by name."""
    rows = session.execute(select(Store.id, Store.name).order_by(Store.name_fold).limit(500))
    return [(str(key), name) for key, name in rows]


def _choice(name: str, label: Any, column: Any, choices: type[Choice]) -> SegmentCondition:
    return SegmentCondition(
        name, label, "choice", OfClient(column), CHOICE_OPERATORS, PERSON, choices=choices
    )


ALL = (
    _choice("stage", _l("Stage"), Client.stage, Stage),
    _choice("kind", _l("Kind"), Client.kind, ClientKind),
    _choice("source", _l("Source"), Client.source, ClientSource),
    _choice("preferred_channel", _l("Preferred channel"), Client.preferred_channel, Channel),
    SegmentCondition(
        "country", _l("Country"), "choice", OfClient(Client.country), CHOICE_OPERATORS, PERSON,
        options=countries,
    ),
    SegmentCondition("city", _l("City"), "text", OfText(Client.city_fold), TEXT_OPERATORS, PERSON),
    SegmentCondition(
        "region", _l("Region"), "text", OfText(Client.region_fold), TEXT_OPERATORS, PERSON
    ),
    SegmentCondition(
        "home_store", _l("Home store"), "record", OfClient(Client.store_id), CHOICE_OPERATORS,
        PERSON, options=stores,
    ),
    SegmentCondition(
        "registered", _l("Registered"), "date", OfClient(Client.registered_at), DATE_OPERATORS,
        PERSON,
    ),
    SegmentCondition(
        "birthday", _l("Birthday"), "date", OfAnniversary(Client.birthday), BIRTHDAY_OPERATORS,
        PERSON,
    ),
    SegmentCondition(
        "contact", _l("Can be reached by"), "choice", has_contact, CHOICE_OPERATORS, REACHED,
        choices=ContactChannel,
    ),
    SegmentCondition(
        "consent", _l("Agreed to advertising by"), "choice", agreed, CHOICE_OPERATORS, REACHED,
        choices=Channel,
    ),
    SegmentCondition(
        "last_order", _l("Last order"), "date", OfFigures(ClientFigures.last_order_at),
        OPTIONAL_DATE_OPERATORS, BOUGHT,
    ),
    SegmentCondition(
        "first_order", _l("First order"), "date", OfFigures(ClientFigures.first_order_at),
        OPTIONAL_DATE_OPERATORS, BOUGHT,
    ),
    SegmentCondition(
        "orders_count", _l("Number of orders"), "number", OfFigures(ClientFigures.orders_count),
        NUMBER_OPERATORS, BOUGHT,
    ),
    SegmentCondition(
        "orders_sum", _l("Sum of orders"), "money", OfFigures(ClientFigures.orders_sum),
        NUMBER_OPERATORS, BOUGHT, permission="money",
    ),
    SegmentCondition(
        "returns_count", _l("Number of returns"), "number", OfFigures(ClientFigures.returns_count),
        NUMBER_OPERATORS, BOUGHT,
    ),
)  # fmt: skip
