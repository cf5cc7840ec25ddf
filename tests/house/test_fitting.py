"""What a column cannot hold is refused with a sentence and its field: in sessions, forms and API.

All columns of all tables are walked; a column of a new type fails here until somebody says what it
holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Time,
)
from sqlalchemy.dialects.postgresql import INET, UUID
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.catalogue.models import Product
from app.kit.choices import choices_of
from app.kit.column_validation import fit, largest, refuse_unfit
from app.kit.database.model import Model
from app.kit.errors import Invalid
from app.kit.money import LARGEST, MoneyType
from app.kit.rest.values import api_field
from app.kit.screens.attrs import Attr
from app.kit.screens.field_types import field_class
from app.kit.screens.forms import make_form
from app.kit.screens.screen_registry import screens
from app.kit.security.manager import become
from app.orders.models import Order, OrderLine
from tests.house.test_forms import offered
from tests.screens.base import all_rights
from tests.screens.bench import reader_with

# What these take is decided by their Python types or, of JSON, by who reads the request.
FREE = (Boolean, JSON, ARRAY, Time, UUID, LargeBinary, Interval, INET)


def unfit(column: Column[Any]) -> list[Any]:  # noqa: PLR0911 -- one answer for each kind of column
    """Values that a column does not keep as they are."""
    kind: Any = column.type
    if isinstance(kind, MoneyType):
        return [Decimal("0.00001"), LARGEST + 1, -LARGEST - 1, Decimal("NaN")]
    if isinstance(kind, Integer):
        return [largest(column) + 1, -largest(column) - 2]
    if isinstance(kind, Numeric) and kind.precision is not None:
        scale = kind.scale or 0
        return [Decimal(1).scaleb(-scale - 1), Decimal(10) ** (kind.precision - scale)]
    if isinstance(kind, Date):
        return [date(1, 1, 1), date(9999, 12, 31)]
    if isinstance(kind, DateTime):
        return [datetime(1, 1, 1), datetime(9999, 12, 31, 23)]  # noqa: DTZ001 -- a zone would overflow
    if isinstance(kind, String):
        long = ["x" * (kind.length + 1)] if kind.length else []
        return ["a\x00b", "\ud800", *long]
    return []


def every_column() -> Iterator[tuple[Any, str, Column[Any]]]:
    for mapper in Model.registry.mappers:
        for key, prop in mapper.column_attrs.items():
            if isinstance(prop.columns[0], Column) and choices_of(prop.columns[0]) is None:
                yield mapper.class_, key, prop.columns[0]


def test_every_column_says_what_it_cannot_hold(built_app: Flask) -> None:
    silent = [
        str(column)
        for _model, _key, column in every_column()
        if not unfit(column)
        and not isinstance(column.type, FREE)
        and not (isinstance(column.type, Numeric) and column.type.precision is None)
    ]
    assert silent == []


def test_no_session_writes_what_a_column_would_change(built_app: Flask) -> None:
    walked = 0
    for model, key, column in every_column():
        for value in unfit(column):
            with pytest.raises(Invalid):
                fit(column, value)
            if column.computed is not None or column.primary_key:
                continue
            session = Session()
            obj = model(**{key: value})
            session.add(obj)
            with pytest.raises(Invalid) as refused:
                refuse_unfit(session)
            assert (refused.value.field, refused.value.record) == (key, obj), column
            walked += 1
    assert walked > 1000


def typed(attr: Attr) -> list[str]:
    """The unfit values of a field as somebody types them."""
    if isinstance(attr.column.type, JSON | ARRAY):
        return []
    return [f"{value}" for value in unfit(attr.column) if value != "\ud800"]


def test_every_field_of_every_form_says_so_beside_it(built_app: Flask) -> None:
    walked = 0
    with built_app.test_request_context():
        become(reader_with(all_rights(built_app)))
        for screen in screens().values():
            for attr in offered(screen):
                if attr.target is not None or field_class(attr).control_kind == "group":
                    continue
                for value in typed(attr):
                    form = make_form(screen, {attr.name: attr}, None, MultiDict({attr.name: value}))
                    assert not form.validate(), (screen.name, attr.name, value)
                    assert form[attr.name].errors, (screen.name, attr.name, value)
                    walked += 1
    assert walked > 300


def test_every_field_of_the_api_says_so(built_app: Flask) -> None:
    with built_app.test_request_context():
        become(reader_with(all_rights(built_app)))
        for screen in screens().values():
            for attr in offered(screen):
                if attr.target is not None or isinstance(attr.column.type, JSON | ARRAY | Boolean):
                    continue
                for value in unfit(attr.column):
                    if isinstance(value, str) and len(value) < 5:
                        continue  # refuse_odd_texts looks through the whole body
                    sent = value if isinstance(value, int | str | Decimal) else value.isoformat()
                    with pytest.raises(Invalid):
                        api_field(attr.name, attr).write(sent)


def test_an_amount_keeps_to_the_decimals_of_its_currency() -> None:
    session = Session()
    order = Order(currency="GBP", total=Decimal("1.005"))
    session.add(order)
    with pytest.raises(Invalid, match="At most 2 decimals") as refused:
        refuse_unfit(session)
    assert refused.value.field == "total"
    order.currency, order.total = "RSD", Decimal("99.99")
    refuse_unfit(session)
    order.currency = "JPY"
    with pytest.raises(Invalid, match="without decimals"):
        refuse_unfit(session)
    # A price for one may be less than the smallest coin.
    fit(OrderLine.__table__.c.unit_price, Decimal("0.0125"))
    fit(Product.__table__.c.tax_rate, Decimal("9.975"))
