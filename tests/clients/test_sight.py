"""Who sees which clients: those of their stores, their own, and all that hangs on them."""

from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import NullPool, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.clients import operations
from app.clients.choices import ContactChannel
from app.clients.models import (
    Client,
    ClientFigures,
    ClientStore,
    ConsentCurrent,
    ConsentEvent,
    ContactPoint,
    SegmentMember,
    TimelineEntry,
)
from app.clients.queries import employees_that_disagree, stores_that_disagree
from app.kit.database.session import make_engine
from app.kit.database.stamp import NARROW_ROLES, Role, company_stamp
from app.kit.errors import Refused
from app.kit.events.emitting import emit_many
from app.kit.events.models import Event
from app.kit.jobs import defer
from app.kit.jobs.models import Job
from app.orders import operations as orders
from app.orders.models import Order
from app.orders.queries import figures_that_disagree, store_figures_that_disagree
from app.value.models import Certificate, CertificateBalance, Lot, LotBalance, ValueEntry
from tests.company.factories import make_membership
from tests.factories import (
    NOON,
    make_certificate,
    make_client,
    make_completed_order,
    make_consent_event,
    make_contact_point,
    make_draft,
    make_employee,
    make_order,
    make_segment,
    make_store,
    make_timeline_entry,
    make_value_entry,
)

NAME = "app.kit.screens.jobs.run_bulk"

HANGS_ON_A_CLIENT = (
    ContactPoint,
    ConsentEvent,
    ConsentCurrent,
    TimelineEntry,
    SegmentMember,
    Certificate,
    CertificateBalance,
    Lot,
    LotBalance,
    ValueEntry,
    ClientFigures,
    ClientStore,
)


@pytest.fixture
def bound(as_stamp):
    """Return a block in which somebody bound to a store works, who sees its clients only."""

    def use(*stores, role=Role.STORE_CLIENTS, user=7):
        ids = tuple(one.id for one in stores)
        return as_stamp(company_stamp(1, user_id=user, store_ids=ids, bound_as=role))

    return use


@pytest.fixture
def master(session, bound):
    """A master of a store: the employee, the store, and a block in which they work."""
    store = make_store(session)
    employee = make_employee(session, store=store)
    member = make_membership(session, "master", store_ids=[store.id])
    member.employee_id = employee.id
    session.flush()

    @contextmanager
    def works():
        with bound(store, role=Role.OWN_CLIENTS, user=member.user_id):
            yield session

    made: Any = works
    made.store, made.employee = store, employee
    return made


def everything(session, client):
    """Hang one of each on a client."""
    make_contact_point(session, client=client)
    make_consent_event(session, client=client)
    make_timeline_entry(session, client=client)
    session.add(SegmentMember(segment_id=make_segment(session).id, client_id=client.id))
    certificate = make_certificate(session, client=client)
    make_value_entry(session, certificate=certificate)
    session.flush()


def names(session):
    return set(session.scalars(select(Client.name)))


def counts(session):
    return {
        model.__name__: session.scalar(select(func.count()).select_from(model))
        for model in HANGS_ON_A_CLIENT
    }


@pytest.mark.parametrize("role", NARROW_ROLES)
def test_events_that_name_a_client_are_for_those_who_see_the_client(session, bound, role):
    here = make_store(session)
    unseen = make_client(session, store=make_store(session)).id
    told = [{"client_id": unseen}, {"client_ids": [unseen]}, {"client_id": None}, {"order_id": 1}]
    with bound(here, role=Role.STORE, user=9):
        emit_many(session, "any.thing", told)
    found = select(Event.data).where(Event.name == "any.thing").order_by(Event.id)
    with bound(here, role=role, user=8):
        assert session.scalars(found).all() == told[2:]
        # What somebody did themselves is told: an order of their store may be anybody's.
        emit_many(session, "any.thing", told[:1])
        assert session.scalars(found).all() == [*told[2:], told[0]]
    with bound(here, role=Role.STORE, user=8):
        assert session.scalars(found).all() == [*told, told[0]]


def test_a_master_sees_no_work_of_another_master(session, bound):
    """It says how many clients the other one has."""
    here = make_store(session)
    with bound(here, role=Role.OWN_CLIENTS, user=8):
        defer(session, NAME, 0, None)
        assert len(session.scalars(select(Job.id)).all()) == 1
    with bound(here, role=Role.OWN_CLIENTS, user=9):
        assert session.scalars(select(Job.id)).all() == []


def test_whoever_sees_fewer_clients_has_no_work_of_who_sees_more(session, bound):
    here = make_store(session)
    with bound(here, role=Role.STORE):
        defer(session, NAME, 0, None)
        assert len(session.scalars(select(Job.id)).all()) == 1
    with bound(here):
        assert session.scalars(select(Job.id)).all() == []
        defer(session, NAME, 0, None)
        with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
            session.execute(text("update job set role = 'crm_store'"))


def test_a_store_sees_those_who_registered_bought_or_belong_there(session, bound):
    here, there = make_store(session), make_store(session)
    make_client(session, name="Home", store=here)
    make_client(session, name="Elsewhere", store=there)
    make_client(session, name="Nowhere")
    make_completed_order(session, store=here, client=make_client(session, name="Bought"))
    make_order(session, store=there, client=make_client(session, name="Bought there"))
    with bound(here):
        operations.register_client(session, Client(name="Registered"), by=None, at=NOON)
        assert names(session) == {"Home", "Bought", "Registered"}
    with bound(here, role=Role.STORE):
        assert len(names(session)) == 6
    assert len(names(session)) == 6


def test_the_store_that_took_a_client_in_sees_them_wherever_they_belong_later(session, bound):
    here, there = make_store(session), make_store(session)
    with bound(here):
        taken_in = Client(name="Registered")
        operations.register_client(session, taken_in, by=None, at=NOON)
    taken_in.store_id = there.id
    make_client(session, store=here, name="Only belonged").store_id = there.id
    session.flush()
    with bound(here):
        assert names(session) == {"Registered"}


def test_whoever_a_document_is_of_in_the_end_is_a_client_of_its_store(session, bound):
    here = make_store(session)
    order = make_draft(session, store=here)
    session.add(order)
    session.flush()
    order.client_id = make_client(session, name="Named later").id
    session.flush()
    with bound(here):
        assert names(session) == {"Named later"}


def test_the_search_finds_a_master_no_client_of_a_colleague(session, bound, master):
    colleague = make_employee(session, store=master.store)
    for name, employee in (("Zoe Mine", master.employee), ("Zoe Other", colleague)):
        make_client(session, name=name, store=master.store, employee=employee)
    asked = text("select count(*) from search.client('zoe', 5)")
    assert session.scalar(asked) == 2
    with master():
        assert session.scalar(asked) == 1


def test_a_client_who_moves_is_seen_by_the_former_store_only_if_there_is_a_reason(session, bound):
    here, there = make_store(session), make_store(session)
    moved = make_client(session, name="Moved", store=here)
    bought = make_client(session, name="Bought", store=here)
    make_order(session, store=here, client=bought)
    moved.store_id = bought.store_id = there.id
    session.flush()
    with bound(here):
        assert names(session) == {"Bought"}
    with bound(there):
        assert names(session) == {"Moved", "Bought"}
    assert session.execute(stores_that_disagree()).all() == []


def test_all_that_hangs_on_a_client_is_there_for_those_who_see_the_client(session, bound, master):
    here, there = make_store(session), make_store(session)
    everything(session, make_client(session, store=here, employee_id=master.employee.id))
    with bound(here):
        mine = counts(session)
        assert all(mine.values()), mine
    with bound(there):
        assert not any(counts(session).values())
    with master():
        # The figures of a store are there for those bound to that store.
        assert counts(session) == {**mine, "ClientStore": 0}
    everything(session, make_client(session, store=there))
    with bound(here):
        assert counts(session) == mine


def test_a_certificate_of_nobody_is_good_in_every_store(session, bound):
    certificate = make_certificate(session, client=None)
    with bound(make_store(session)):
        assert session.scalars(select(Certificate.id)).all() == [certificate.id]
        assert session.scalar(select(func.count()).select_from(CertificateBalance)) == 1


def test_the_search_finds_no_client_of_another_store(session, bound, master):
    here, there = make_store(session), make_store(session)
    client = make_client(session, name="Zoe", number="Z-77", store=there)
    make_contact_point(session, client=client, channel=ContactChannel.EMAIL, value="zoe@x.example")
    make_certificate(session, client=client, code="ZOE-777")
    asked = (
        ("client", "zoe"),
        ("client", "z-77"),
        ("client", "zoe@x"),
        ("client_open", "zoe"),
        ("contact_point", "zoe@x"),
        ("certificate", "zoe-777"),
    )

    def found():
        return [
            session.scalar(text(f"select count(*) from search.{name}(:q, 5)"), {"q": words})
            for name, words in asked
        ]

    with bound(there):
        assert found() == [1] * len(asked)
    with bound(here, role=Role.STORE):
        assert found() == [1] * len(asked)
    with bound(here):
        assert found() == [0] * len(asked)
    with master():
        assert found() == [0] * len(asked)
    client.employee_id = master.employee.id
    session.flush()
    with master():
        assert found() == [1] * len(asked)


def test_a_master_sees_the_clients_they_look_after_or_served(session, master):
    make_client(session, name="Assigned", employee_id=master.employee.id)
    served, other = make_client(session, name="Served"), make_employee(session)
    make_client(session, name="Of a colleague", store=master.store, employee_id=other.id)
    operations.note_served(session, served.id, master.employee.id)
    operations.note_served(session, served.id, master.employee.id)
    with master():
        operations.register_client(session, Client(name="New"), by=None, at=NOON)
        assert names(session) == {"Assigned", "Served", "New"}
    assigned = session.scalars(select(Client).where(Client.name == "Assigned")).one()
    assigned.employee_id = other.id
    session.flush()
    with master():
        assert names(session) == {"Served", "New"}
    assert session.execute(employees_that_disagree()).all() == []


def test_whoever_is_no_employee_is_told_why_they_take_nobody_in(session, bound):
    with bound(make_store(session), role=Role.OWN_CLIENTS), pytest.raises(Refused) as refused:
        operations.register_client(session, Client(name="New"), by=None, at=NOON)
    assert "linked to no employee" in str(refused.value.message)


def test_a_master_makes_nobody_their_own(session, master):
    client = make_client(session, store=master.store)
    row = {"client": client.id, "employee": master.employee.id}
    with master():
        taken = "update client set employee_id = :employee where id = :client returning id"
        assert session.execute(text(taken), row).all() == []
        forged = "insert into client_employee values (1, :client, :employee, 'served')"
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(forged), row)
        assert names(session) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into orders (store_id, client_id, currency, placed_at) values (:store, :client, 'EUR', now())",
        "insert into goods_return (store_id, client_id, currency) values (:store, :client, 'EUR')",
        "insert into certificate (code, amount, currency, client_id) values ('ABCDEF-1', 1, 'EUR', :client)",
        "insert into timeline_entry (client_id, kind) values (:client, 'note')",
        "insert into client_store (client_id, store_id, why) values (:client, :store, 'home')",
        "insert into client (name, store_id) values ('X', :there)",
        "update orders set client_id = :client where id = :own",
    ],
)
def test_a_forged_id_opens_no_client(session, bound, statement):
    here, there = make_store(session), make_store(session)
    theirs = make_client(session, name="Theirs", store=there)
    own = make_draft(session, store=here, client=make_client(session, name="Mine", store=here))
    session.add(own)
    session.flush()
    row = {"client": theirs.id, "store": here.id, "there": there.id, "own": own.id}
    with bound(here):
        refused = pytest.raises(DBAPIError, match=r"row-level security|permission denied")
        with refused, session.begin_nested():
            session.execute(text(statement), row)
        assert names(session) == {"Mine"}


def test_figures_of_somebody_bound_are_those_of_their_stores(session, bound):
    here, there, third = (make_store(session) for _ in range(3))
    client = make_client(session, store=here)
    first = make_completed_order(session, store=here, client=client)
    second = make_completed_order(session, store=there, client=client)
    make_completed_order(session, store=third, client=client)

    def seen():
        found = session.scalars(select(ClientFigures)).all()
        return [(one.orders_count, one.orders_sum, one.average) for one in found]

    one, both = first.total_company, first.total_company + second.total_company
    for role in (Role.STORE, Role.STORE_CLIENTS):
        with bound(here, role=role):
            assert seen() == [(1, one, one)]
        with bound(here, there, role=role):
            assert [row[:2] for row in seen()] == [(2, both)]
        refused = pytest.raises(DBAPIError, match="permission denied")
        with bound(here, role=role), refused, session.begin_nested():
            session.execute(text("select orders_sum from public.client_figures"))
    with bound(make_store(session), role=Role.STORE):
        assert seen() == [(0, Decimal(0), None)]
    assert seen()[0][0] == 3


def test_counting_in_one_store_counts_for_the_company(session, bound):
    """A cancelled order set the client's sums to those of the own store."""
    here, there = make_store(session), make_store(session)
    client = make_client(session, store=here)
    make_completed_order(session, store=there, client=client)
    order = make_draft(session, store=here, client=client)
    session.add(order)
    session.flush()
    with bound(here):
        mine = session.get_one(Order, order.id)
        orders.place_order(session, mine, by=None, at=NOON)
        assert session.scalars(select(ClientFigures.orders_count)).one() == 1
        orders.cancel_order(session, mine, by=None, at=NOON)
        assert session.scalars(select(ClientFigures.orders_count)).one() == 0
    assert session.scalars(select(ClientFigures.orders_count)).one() == 1
    assert session.execute(figures_that_disagree()).all() == []
    assert session.execute(store_figures_that_disagree()).all() == []


@pytest.fixture
def as_owner(owner_url):
    """A session as the owner of the tables, at work for our company, rolled back afterwards."""
    engine = make_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        connection.execute(text("select set_config('app.company_id', '1', true)"))
        with Session(
            connection, join_transaction_mode="create_savepoint", info={"unstamped": True}
        ) as made:
            yield made
        connection.rollback()


@pytest.mark.parametrize(
    "tampering",
    [
        "update client_store set orders_sum = orders_sum + 1 where why = 'bought'",
        "update client_store set last_order_at = null where why = 'bought'",
        "delete from client_store where why = 'bought'",
        (
            "insert into client_store (client_id, store_id, why, orders_count)"
            " select client_id, store_id, 'bought', 1 from client_store where why = 'home'"
        ),
    ],
)
def test_figures_of_a_store_that_were_tampered_with_are_found(as_owner, tampering):
    here, there = make_store(as_owner), make_store(as_owner)
    client = make_client(as_owner, store=there)
    make_completed_order(as_owner, store=here, client=client)
    assert as_owner.execute(store_figures_that_disagree()).all() == []
    as_owner.execute(text(tampering))
    assert len(as_owner.execute(store_figures_that_disagree()).all()) == 1


def test_a_home_that_was_tampered_with_is_found(as_owner):
    employee = make_employee(as_owner)
    make_client(as_owner, store=make_store(as_owner), employee_id=employee.id)
    assert as_owner.execute(stores_that_disagree()).all() == []
    as_owner.execute(text("delete from client_store where why = 'home'"))
    as_owner.execute(text("delete from client_employee"))
    assert len(as_owner.execute(stores_that_disagree()).all()) == 1
    assert len(as_owner.execute(employees_that_disagree()).all()) == 1


def test_work_of_different_sight_is_different_work(session, bound, master):
    """Else a master would wait for work that a colleague began, or ask for it without end."""
    found = set()
    with bound(master.store, role=Role.STORE):
        found.add(defer(session, NAME, key="k"))
    with bound(master.store):
        found.add(defer(session, NAME, key="k"))
    with master():
        found.add(defer(session, NAME, key="k"))
        found.add(defer(session, NAME, key="k"))
    with bound(master.store, role=Role.OWN_CLIENTS, user=8):
        found.add(defer(session, NAME, key="k"))
    assert len(found) == 4
