"""What the walk is told about the catalogue."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.catalogue.choices import ProductStatus
from app.catalogue.models import Product
from app.catalogue.screens import ProductScreen, VariantScreen
from tests.factories import make_product, make_variant, number
from tests.screens.declaring import Told


def _priced(session: Session) -> Product:
    product = make_product(session, status=ProductStatus.DRAFT)
    make_variant(session, product=product)
    return product


def _gtin() -> str:
    digits = f"400{number():09}"
    total = sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits))
    return f"{digits}{-total % 10}"


def _variant(_session: Session) -> dict[str, Any]:
    return {"barcode": _gtin()}


WALK = {
    ProductScreen: Told(
        does={
            "publish": _priced,
            "withdraw": make_product,
            "discontinue": make_product,
        },
        adds={"kind": "service", "successor": None},
        edits={"kind": "service", "successor": None},
        open=partial(make_product, kind="service", duration=30),
    ),
    VariantScreen: Told(adds=_variant),
}
