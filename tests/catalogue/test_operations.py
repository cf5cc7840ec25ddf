import pytest
from sqlalchemy import select

from app.catalogue import operations
from app.catalogue.choices import ProductStatus
from app.catalogue.models import Variant
from app.kit.errors import Conflict, Invalid
from app.kit.events.models import Event
from tests.factories import NOON, make_product, make_variant


def test_a_product_is_published_once_it_has_a_variant(session):
    product = make_product(session, status=ProductStatus.DRAFT)
    with pytest.raises(Conflict, match="variant"):
        operations.publish(session, product, by=None, at=NOON)
    make_variant(session, product=product)
    operations.publish(session, product, by=None, at=NOON)
    assert product.status is ProductStatus.PUBLISHED


def test_publishing_a_discontinued_product_again_forgets_its_successor(session):
    successor = make_product(session)
    product = make_variant(session).product
    operations.discontinue(session, product, by=None, at=NOON)
    product.successor_id = successor.id
    session.flush()
    operations.publish(session, product, by=None, at=NOON)
    assert product.successor_id is None


def test_a_variant_is_kept_without_blanks_and_in_a_real_currency(session):
    variant = Variant(
        product_id=make_product(session).id,
        sku=" A-1 ",
        name="A",
        barcode="4006381 333931",
        currency="eur",
    )
    operations.save_variant(session, variant, by=None, at=NOON)
    assert (variant.sku, variant.barcode, variant.currency) == ("A-1", "4006381333931", "EUR")


def test_a_wrong_check_digit_is_said_beside_the_field(session):
    variant = make_variant(session)
    variant.barcode = "4006381333932"
    with pytest.raises(Invalid) as refused:
        operations.save_variant(session, variant, by=None, at=NOON)
    assert refused.value.field == "barcode"


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_variant_without_a_barcode_has_none(session, nothing):
    variant = make_variant(session)
    variant.barcode = nothing
    operations.save_variant(session, variant, by=None, at=NOON)
    assert variant.barcode is None


def test_who_counts_by_product_is_told_of_a_variant_that_went_to_another(session):
    variant = make_variant(session)
    operations.save_variant(session, variant, by=None, at=NOON)
    assert session.scalars(select(Event.name)).all() == []
    product = make_product(session)
    variant.product, variant.product_id = product, product.id
    operations.save_variant(session, variant, by=None, at=NOON)
    told = session.execute(select(Event.name, Event.data)).all()
    assert told == [("variant.moved", {"variant_id": variant.id, "product_id": product.id})]
