"""What the database itself refuses in the catalogue."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.catalogue.choices import ProductStatus
from app.catalogue.operations import is_gtin
from tests.factories import make_category, make_product, make_variant

GOOD = ["4006381333931", "96385074", "036000291452", "10614141000415"]
BAD = ["4006381333932", "96385075", "400638133393", "", "40063813339315", "4006381a33931"]


@pytest.mark.parametrize("code", GOOD)
def test_a_barcode_with_its_check_digit_is_taken(session, code):
    assert make_variant(session, barcode=code).barcode == code
    assert is_gtin(code)


@pytest.mark.parametrize("code", BAD)
def test_a_barcode_with_a_wrong_check_digit_is_refused_by_the_database(session, code):
    assert not is_gtin(code)
    with pytest.raises(IntegrityError, match="barcode_gtin"):
        make_variant(session, barcode=code)


def test_a_sku_is_unique_in_a_company_and_case_counts(session):
    make_variant(session, sku="85123A")
    make_variant(session, sku="85123a")
    with pytest.raises(IntegrityError, match="uq_variant_company_id_sku"):
        make_variant(session, sku="85123A")


def test_a_category_knows_its_path_and_depth(session):
    top = make_category(session)
    middle = make_category(session, parent=top)
    leaf = make_category(session, parent_id=middle.id)
    assert (top.path, top.depth) == (f"/{top.id}/", 0)
    assert (leaf.path, leaf.depth) == (f"/{top.id}/{middle.id}/{leaf.id}/", 2)


def test_moving_a_category_moves_its_whole_branch(session):
    top, other = make_category(session), make_category(session)
    middle = make_category(session, parent_id=top.id)
    leaf = make_category(session, parent_id=middle.id)
    middle.parent_id = other.id
    session.flush()
    session.refresh(leaf)
    assert (leaf.path, leaf.depth) == (f"/{other.id}/{middle.id}/{leaf.id}/", 2)


def test_a_category_cannot_be_put_below_itself(session):
    top = make_category(session)
    middle = make_category(session, parent_id=top.id)
    leaf = make_category(session, parent_id=middle.id)
    top.parent_id = leaf.id
    with pytest.raises(IntegrityError, match="below itself"):
        session.flush()


def test_a_path_cannot_be_typed(session):
    top = make_category(session)
    session.execute(text("update category set path = '/7/' where id = :id"), {"id": top.id})
    session.refresh(top)
    assert top.path == f"/{top.id}/"


def test_two_top_categories_of_one_name_are_refused(session):
    make_category(session, name="Rods")
    with pytest.raises(IntegrityError):
        make_category(session, name="Rods")


def test_only_a_discontinued_product_has_a_successor(session):
    successor = make_product(session)
    old = make_product(session, status=ProductStatus.DISCONTINUED, successor_id=successor.id)
    assert old.successor_id == successor.id
    with pytest.raises(IntegrityError, match="successor"):
        make_product(session, successor_id=successor.id)


def test_a_product_of_another_company_cannot_be_linked(session, other_company):
    theirs = session.connection().exec_driver_sql("select 1").scalar()
    assert theirs == 1
    with pytest.raises(DBAPIError):
        session.execute(
            text("insert into brand (company_id, name) values (:c, 'x')"), {"c": other_company}
        )
