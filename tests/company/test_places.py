"""Stores and employees: what is checked before they are saved, and who sees which."""

import pytest
from sqlalchemy import select

from app.company import operations
from app.company.models import Company, Employee, Store
from app.kit import clock
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.errors import Invalid
from tests.company.factories import make_employee, make_store


def save(session, store):
    operations.check_store(session, store, by=None, at=clock.now())
    return store


def test_a_store_takes_currency_country_and_zone_from_the_company(session):
    company = session.scalars(select(Company)).one()
    company.currency, company.country, company.time_zone = "BRL", "BR", "America/Sao_Paulo"
    session.flush()
    store = save(session, Store(number="1", name="Centro"))
    assert (store.currency, store.country, store.time_zone) == ("BRL", "BR", "America/Sao_Paulo")


def test_phone_and_zone_are_put_into_their_usual_form(session):
    store = save(
        session,
        Store(number="1", name="A", country="de", phone="040 123456", time_zone="Europe/Kiev"),
    )
    assert (store.phone, store.country, store.time_zone) == ("+4940123456", "DE", "Europe/Kyiv")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "EURO"),
        ("country", "Atlantis"),
        ("time_zone", "Berlin"),
        ("phone", "12"),
        ("email", "nobody"),
        ("opening_hours", {"mon": [["18:00", "09:00"]]}),
        ("opening_hours", {"mon": [["09:00", "12:00"], ["11:00", "18:00"]]}),
        ("opening_hours", {"monday": []}),
        ("opening_hours", {"exceptions": {"24.12.2026": []}}),
        ("opening_hours", {"mon": "09:00-18:00"}),
        ("opening_hours", {"mon": [["9:00", "18:00"]]}),
    ],
)
def test_what_is_no_store_is_refused_beside_its_field(session, field, value):
    with pytest.raises(Invalid) as refused:
        save(session, Store(number="1", name="A", **{field: value}))
    assert refused.value.field == field


def test_opening_hours_have_breaks_and_dated_exceptions():
    operations.check_opening_hours(
        {"mon": [["09:00", "12:30"], ["13:30", "18:00"]], "exceptions": {"2026-12-24": []}}
    )


def test_nobody_leaves_before_they_came(session):
    employee = make_employee(session)
    employee.entered_on, employee.left_on = (
        clock.now().date(),
        clock.now().date().replace(year=2020),
    )
    with pytest.raises(Invalid):
        operations.check_employee(session, employee, by=None, at=clock.now())


def test_a_store_bound_reader_sees_the_own_stores_and_their_people(session, as_stamp, company):
    mine, other = make_store(session), make_store(session)
    ours, theirs = make_employee(session, store=mine), make_employee(session, store=other)
    assert {ours.id, theirs.id} <= set(session.scalars(select(Employee.id)))
    with as_stamp(Stamp(Role.STORE, company, (mine.id,))):
        assert set(session.scalars(select(Store.id))) == {mine.id}
        assert set(session.scalars(select(Employee.id))) == {ours.id}


def test_companies_do_not_see_each_others_stores(session, as_stamp, other_company):
    store = make_store(session).id
    with as_stamp(company_stamp(other_company)):
        assert store not in set(session.scalars(select(Store.id)))
        assert [one.slug for one in session.scalars(select(Company))] == ["theirs"]


def test_a_superuser_sees_companies_and_nothing_in_them(session, as_stamp):
    make_store(session)
    with as_stamp(Stamp(Role.PLATFORM)):
        assert {"ours", "theirs"} <= {one.slug for one in session.scalars(select(Company))}
        with pytest.raises(Exception, match="permission denied"), session.begin_nested():
            session.scalars(select(Store.id)).all()
