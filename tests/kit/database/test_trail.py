"""Of the audit trail, somebody bound to stores reads what tells of records that they read."""

import inspect

import pytest
from sqlalchemy import Engine, NullPool, insert, literal, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.kit.database.audit import AuditEntry
from app.kit.database.install.audit import is_audited
from app.kit.database.model import Model
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import BOUND_ROLES, Role, Stamp, company_stamp
from app.orders.models import Order, OrderLine
from tests import factories

AUDITED = [table for table in Model.metadata.sorted_tables if is_audited(table)]
MAKERS = [make for name, make in inspect.getmembers(factories) if name.startswith("make_")]


def seen(session: Session) -> dict[str, set[int]]:
    """The ids of all rows that are read, by table; none of a table that is shut."""
    found = {}
    for table in AUDITED:
        try:
            with session.begin_nested():
                found[table.name] = set(session.scalars(select(table.c.id)))
        except ProgrammingError:
            found[table.name] = set()
    return found


@pytest.fixture
def everything(own_database: str, server) -> Engine:
    """One of every record there is, of two stores or more, and an entry about each of them."""
    engine = make_engine(own_database, poolclass=NullPool)
    with work(company_stamp(1, user_id=7), on=engine) as session:
        for make in MAKERS:
            make(session)
    name = engine.url.database
    owner = make_engine(server.url(name, "crm_migrate"), poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        for table in AUDITED:
            told = select(table.c.company_id, literal(table.name), table.c.id, literal("walked"))
            names = ("company_id", "table_name", "row_id", "action")
            session.execute(insert(AuditEntry.__table__).from_select(names, told))
    return engine


@pytest.mark.parametrize("role", BOUND_ROLES)
def test_an_entry_is_read_by_whoever_reads_its_record(everything: Engine, role: Role) -> None:
    entries = select(AuditEntry.table_name, AuditEntry.row_id).where(AuditEntry.action == "walked")
    with work(company_stamp(1), on=everything) as session:
        store = session.scalar(select(Order.store_id).order_by(Order.id.desc()).limit(1))
        there = seen(session)
    bound = company_stamp(1, user_id=7, store_ids=(store,), bound_as=role)
    with work(bound, on=everything) as session:
        mine = seen(session)
        told: dict[str, set[int]] = {name: set() for name in there}
        for name, pk in session.execute(entries):
            told[name].add(pk)
    assert told == mine
    # Without these the walk would prove nothing.
    hidden = {name for name in there if mine[name] < there[name]}
    closed = {"orders", "order_line", "payment", "goods_receipt", "goods_receipt_line", "expense"}
    assert hidden >= closed | ({"client", "contact_point"} if role is not Role.STORE else set())
    assert {"product", "brand"} & hidden == set()
    assert mine["orders"]


@pytest.mark.parametrize("role", BOUND_ROLES)
def test_what_was_removed_is_told_to_whoever_reads_what_it_was_of(session, as_stamp, role):
    here, there = factories.make_store(session), factories.make_store(session)
    for store in (here, there):
        order = factories.make_draft(session, store=store)
        session.add(order)
        session.flush()
        (line,) = session.scalars(select(OrderLine).where(OrderLine.order_id == order.id))
        line.description = "Changed"
        session.flush()
        session.delete(line)
        session.flush()
    about = (
        select(AuditEntry.action, AuditEntry.whole_id)
        .where(AuditEntry.table_name == "order_line", AuditEntry.row_id.is_not(None))
        .order_by(AuditEntry.id)
    )
    assert len(session.execute(about).all()) == 4
    with as_stamp(company_stamp(1, user_id=7, store_ids=(here.id,), bound_as=role)):
        found = session.execute(about).all()
        (mine,) = session.scalars(select(Order.id))
    assert found == [("update", mine), ("delete", mine)]
