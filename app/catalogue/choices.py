"""Choices of the catalogue."""

from flask_babel import lazy_gettext as _l

from app.kit.choices import Choice


class ProductKind(Choice):
    GOODS = "goods", _l("Goods"), "blue"
    SERVICE = "service", _l("Service"), "purple"
    CERTIFICATE = "certificate", _l("Certificate"), "orange"


class ProductStatus(Choice):
    DRAFT = "draft", _l("Draft"), "grey"
    PUBLISHED = "published", _l("Published"), "green"
    DISCONTINUED = "discontinued", _l("Discontinued"), "red"


PRODUCT_MOVES = {
    ProductStatus.DRAFT: {ProductStatus.PUBLISHED, ProductStatus.DISCONTINUED},
    ProductStatus.PUBLISHED: {ProductStatus.DRAFT, ProductStatus.DISCONTINUED},
    ProductStatus.DISCONTINUED: {ProductStatus.PUBLISHED},
}


class Unit(Choice):
    """What a quantity of one means.

    Quantities are whole: what is cut or poured is counted in cm or ml.
    """

    PIECE = "piece", _l("Piece")
    GRAM = "gram", _l("Gram")
    MILLILITRE = "millilitre", _l("Millilitre")
    CENTIMETRE = "centimetre", _l("Centimetre")
    MINUTE = "minute", _l("Minute")
