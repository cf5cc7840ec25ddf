"""What people do to the catalogue."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.catalogue.choices import PRODUCT_MOVES, ProductStatus
from app.catalogue.models import Product, Variant
from app.kit.choices import move
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.money import currency_code


def publish(session: Session, product: Product, *, by: int | None, at: datetime) -> None:
    """Offer a product for sale. Raises Conflict while it has no variant that could be sold."""
    variants = select(func.count()).where(
        Variant.product_id == product.id, Variant.archived_at.is_(None)
    )
    if not session.scalar(variants):
        raise Conflict(_l("Add a variant with a price first."))
    move(product, PRODUCT_MOVES, ProductStatus.PUBLISHED)
    product.successor_id = None
    session.flush()
    emit(session, "product.published", product_id=product.id)


def withdraw(session: Session, product: Product, *, by: int | None, at: datetime) -> None:
    """Make a published product a draft again."""
    move(product, PRODUCT_MOVES, ProductStatus.DRAFT)
    session.flush()


def discontinue(session: Session, product: Product, *, by: int | None, at: datetime) -> None:
    """Stop selling a product; its successor, where there is one, is set on the card."""
    move(product, PRODUCT_MOVES, ProductStatus.DISCONTINUED)
    session.flush()
    emit(session, "product.discontinued", product_id=product.id, successor_id=product.successor_id)


def save_variant(session: Session, variant: Variant, *, by: int | None, at: datetime) -> None:
    """Keep a variant as typed: code and barcode without blanks, its currency a real one.

    Who counts by product is told of a variant that went to another one.
    """
    variant.sku = variant.sku.strip()
    variant.barcode = (variant.barcode or "").replace(" ", "") or None
    if variant.barcode and not is_gtin(variant.barcode):
        raise Invalid(_l("The check digit of this barcode is wrong."), field="barcode")
    variant.currency = currency_code(variant.currency)
    with session.no_autoflush:
        before = session.scalar(select(Variant.product_id).where(Variant.id == variant.id))
    session.add(variant)
    session.flush()
    if before not in (None, variant.product_id):
        emit(session, "variant.moved", variant_id=variant.id, product_id=variant.product_id)


def is_gtin(code: str) -> bool:
    """Whether `code` is an EAN or GTIN with a right check digit.

    The same as the database's own check.
    """
    if not code.isascii() or not code.isdigit() or len(code) not in (8, 12, 13, 14):
        return False
    weighed = (int(c) * (3 if n % 2 else 1) for n, c in enumerate(reversed(code)))
    return sum(weighed) % 10 == 0
