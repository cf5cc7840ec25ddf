"""The currency of a company and of its stores stays as soon as documents are written in it."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.company import operations
from app.company.models import Company
from app.kit import clock
from app.kit.errors import Conflict
from app.kit.screens.dberrors import as_refusal
from tests import factories

DOCUMENTS = {
    "order": lambda s, store: factories.make_order(s, store=store),
    "draft": lambda s, store: s.add(factories.make_draft(s, store=store)),
    "goods_receipt": lambda s, store: factories.make_goods_receipt(s, store=store),
    "certificate": lambda s, store: factories.make_certificate(s, store_id=store.id),
    "expense": lambda s, store: factories.make_expense(s, store_id=store.id),
}


def company_of(session):
    return session.scalars(select(Company)).one()


def by_operation(session, place):
    place.currency = "USD"
    check = operations.check_company if isinstance(place, Company) else operations.check_store
    with session.no_autoflush:
        check(session, place, by=None, at=clock.now())


def by_hand(session, place):
    table = place.__tablename__
    with session.begin_nested():
        session.execute(
            text(f"update {table} set currency = 'USD' where id = :id"), {"id": place.id}
        )


@pytest.mark.parametrize("change", [by_operation, by_hand])
def test_a_new_company_may_still_change_it(session, change):
    factories.make_store(session)
    company = company_of(session)
    change(session, company)
    session.refresh(company)
    assert company.currency == "USD"


@pytest.mark.parametrize("change", [by_operation, by_hand])
def test_a_store_may_change_it_whatever_another_one_wrote(session, change):
    factories.make_order(session)
    store = factories.make_store(session)
    change(session, store)
    session.refresh(store)
    assert store.currency == "USD"


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_currency_stays_under_whatever_is_written(session, kind):
    store = factories.make_store(session)
    DOCUMENTS[kind](session, store)
    session.flush()
    for place in (company_of(session), store):
        with pytest.raises(DBAPIError) as refused:
            by_hand(session, place)
        said = as_refusal(refused.value)
        assert (said.status, said.field) == (409, "currency")
        with pytest.raises(Conflict, match="Documents are written in EUR already") as told:
            by_operation(session, place)
        assert told.value.field == "currency"
        session.refresh(place)
        place.name = "Renamed"
        session.flush()
        assert place.currency == "EUR"
