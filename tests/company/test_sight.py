"""Who is bound to which sight of clients, by the company's setting and by a right."""

from sqlalchemy import select, text

from app.company.choices import ClientsSeen
from app.company.models import Company
from app.company.operations.role_templates import TEMPLATES
from app.kit.access import OTHERS_CLIENTS
from app.kit.database.stamp import Role, company_stamp
from app.kit.jobs.models import Job
from tests.company.factories import make_membership, make_reader, make_role
from tests.factories import make_store


def test_the_setting_counts_from_the_next_click_and_for_work_that_waits(session, as_stamp):
    store = make_store(session)
    cashier = make_role(session, {("read", "Client"), OTHERS_CLIENTS})
    member = make_membership(session, cashier, store_ids=[store.id])
    assert make_reader(session, member).bound_as is Role.STORE
    with as_stamp(company_stamp(1, user_id=member.user_id, store_ids=(store.id,))):
        waiting = session.scalar(
            text("insert into job (queue, name) values ('jobs', 'any') returning id")
        )
    session.scalars(select(Company)).one().clients_seen = ClientsSeen.OWN
    session.refresh(member)
    assert make_reader(session, member).bound_as is Role.STORE_CLIENTS
    assert session.get_one(Job, waiting).role == Role.STORE_CLIENTS


def test_who_lacks_the_right_sees_the_own_clients_in_all_stores(session):
    stores = {make_store(session).id, make_store(session).id}
    role = make_role(session, {("read", "Client")})
    reader = make_reader(session, make_membership(session, role))
    assert reader.bound_as is Role.OWN_CLIENTS
    assert set(reader.store_ids) >= stores
    more = make_membership(session, role, make_role(session, {OTHERS_CLIENTS}))
    assert make_reader(session, more).stamp().role is Role.APP


def test_who_lacks_the_right_is_narrowed_whatever_else_they_have(session):
    """A role without `read Client` read the names and numbers of all by their contact points."""
    stores = {make_store(session).id, make_store(session).id}
    for right in (("read", "contacts"), ("write", "Membership")):
        reader = make_reader(session, make_membership(session, make_role(session, {right})))
        assert reader.bound_as is Role.OWN_CLIENTS
        assert set(reader.store_ids) >= stores
    nowhere = make_membership(session, make_role(session, {("read", "Client")}), store_ids=[])
    assert make_reader(session, nowhere).store_ids == ()


def test_every_template_but_the_master_sees_clients_of_others():
    without = {one.key for one in TEMPLATES if not one.includes(OTHERS_CLIENTS)}
    assert without == {"master"}
