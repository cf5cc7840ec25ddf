"""What segments can ask about what was bought."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.catalogue.models import Brand, Category, Product, Variant
from app.clients.segments.conditions import BOUGHT, ClientId, countries, stores
from app.clients.segments.values import CHOICE_OPERATORS
from app.kit.registry import SegmentCondition
from app.orders.choices import COUNTED, OrderChannel
from app.orders.models import Order, OrderLine

MOST = 500


def _bought(client_id: ClientId, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """There is a counted order of the client's with a line of such a variant."""
    return exists(
        select(1)
        .select_from(Order)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Order.client_id == client_id, Order.status.in_(COUNTED), *conditions)
    )


def _ordered(client_id: ClientId, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Order.client_id == client_id, Order.status.in_(COUNTED), *conditions)


def _signed(found: ColumnElement[bool], operator: str) -> ColumnElement[bool]:
    return found if operator == "one_of" else ~found


def bought_product(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Bought one of these products."""
    return _signed(_bought(client_id, Product.id.in_(value)), operator)


def bought_brand(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Bought something of one of these brands."""
    return _signed(_bought(client_id, Product.brand_id.in_(value)), operator)


def bought_category(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Bought something of one of these categories or of a category below them."""
    tree = select(Category.id).where(Category.id.in_(value)).cte(recursive=True)
    tree = tree.union(select(Category.id).join(tree, Category.parent_id == tree.c.id))
    below = select(tree.c.id)
    return _signed(_bought(client_id, Product.category_id.in_(below)), operator)


def ordered_from(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Ordered to one of these countries."""
    return _signed(_ordered(client_id, Order.country.in_(value)), operator)


def ordered_in(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Ordered in one of these stores."""
    return _signed(_ordered(client_id, Order.store_id.in_(value)), operator)


def ordered_by(client_id: ClientId, operator: str, value: Any) -> ColumnElement[bool]:
    """Ordered by one of these channels."""
    return _signed(_ordered(client_id, Order.channel.in_(value)), operator)


def brands(session: Session) -> Any:
    """Return the brands, by name."""
    rows = session.execute(select(Brand.id, Brand.name).order_by(Brand.name_fold).limit(MOST))
    return [(str(key), name) for key, name in rows]


def categories(session: Session) -> Any:
    """Return the categories in the order of their tree."""
    rows = session.execute(
        select(Category.id, Category.name, Category.depth).order_by(Category.path).limit(MOST)
    )
    return [(str(key), "– " * (depth or 0) + name) for key, name, depth in rows]


ALL = (
    SegmentCondition(
        "bought_product", _l("Bought the product"), "record", bought_product, CHOICE_OPERATORS,
        BOUGHT,
    ),
    SegmentCondition(
        "bought_category", _l("Bought from the category"), "record", bought_category,
        CHOICE_OPERATORS, BOUGHT, options=categories,
    ),
    SegmentCondition(
        "bought_brand", _l("Bought the brand"), "record", bought_brand, CHOICE_OPERATORS, BOUGHT,
        options=brands,
    ),
    SegmentCondition(
        "order_country", _l("Ordered to the country"), "choice", ordered_from, CHOICE_OPERATORS,
        BOUGHT, options=countries,
    ),
    SegmentCondition(
        "order_store", _l("Ordered in the store"), "record", ordered_in, CHOICE_OPERATORS, BOUGHT,
        options=stores,
    ),
    SegmentCondition(
        "order_channel", _l("Ordered by"), "choice", ordered_by, CHOICE_OPERATORS, BOUGHT,
        choices=OrderChannel,
    ),
)  # fmt: skip
