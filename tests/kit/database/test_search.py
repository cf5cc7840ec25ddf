"""The search functions ask by themselves what policies ask: nobody finds what they may not read."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from app.kit.database.model import Model
from app.kit.database.stamp import BOUND_ROLES, Role, company_stamp
from app.stock import operations as stock
from tests import factories
from tests.company.factories import make_membership

SEARCHED = {table.name: table for table in Model.metadata.tables.values() if "search" in table.info}


def everything(session, store):
    """One of each that is searched, in this store where it stands in one."""
    client = factories.make_client(session, store=store)
    factories.make_contact_point(session, client=client)
    factories.make_certificate(session, client=client, store_id=store.id)
    factories.make_segment(session)
    factories.make_completed_order(session, store=store, client=client)
    factories.make_goods_return(session, store=store)
    factories.make_adjustment(session, store=store)
    factories.make_employee(session, store=store)
    factories.make_supplier_product(session)
    receipt = factories.make_goods_receipt(session, store=store)
    factories.make_goods_receipt_line(session, goods_receipt=receipt)
    stock.receive_goods(session, receipt, by=None, at=factories.NOON)
    factories.make_expense(session, store_id=store.id)
    factories.make_brand(session)
    factories.make_category(session)
    factories.make_campaign(session)
    make_membership(session, "owner", store_ids=[store.id])
    session.flush()


def found(session):
    """What each search finds when it is asked for anything, and what its reader may read of it."""
    searched, readable = {}, {}
    for name, table in SEARCHED.items():
        ids = session.scalars(text(f"select * from search.{name}('', 1000)"))
        searched[name] = set(ids)
        readable[name] = set(session.scalars(select(table.c.id)))
    return searched, readable


def test_a_search_finds_something_in_every_table_that_has_one(session):
    everything(session, factories.make_store(session))
    searched, _readable = found(session)
    assert [name for name, ids in searched.items() if not ids] == [], (
        "everything() makes none whose name or number could be found"
    )


@pytest.mark.parametrize("role", BOUND_ROLES)
def test_nobody_finds_what_they_may_not_read(session, as_stamp, role):
    here, there = factories.make_store(session), factories.make_store(session)
    everything(session, here)
    everything(session, there)
    of_all, _readable = found(session)
    with as_stamp(company_stamp(1, user_id=7, store_ids=(here.id,), bound_as=role)):
        searched, readable = found(session)
    assert {
        name: ids - readable[name] for name, ids in searched.items() if ids - readable[name]
    } == {}
    assert searched["orders"] < of_all["orders"]
    assert (searched["client"] == of_all["client"]) is (role is Role.STORE)


def test_nobody_finds_what_is_another_companys(session, as_stamp, other_company):
    everything(session, factories.make_store(session))
    with as_stamp(company_stamp(other_company)):
        searched, _readable = found(session)
        assert not any(searched.values()), searched
