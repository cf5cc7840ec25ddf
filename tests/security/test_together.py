"""Several at once: administrators, threads, guesses; and what the start of a process costs."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, event, text
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.company import operations, queries
from app.company.models import Membership
from app.company.operations.privileges import LastAdministrator
from app.kit import clock
from app.kit.database.session import db, make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.screens.dberrors import as_refusal
from app.kit.security.permissions import make_rights
from tests.company.factories import PASSWORD, make_company, make_membership, make_reader
from tests.security.working import work_through


@pytest.fixture
def alone(inside):
    """A company of its own with two owners, as (company, readers)."""
    with inside() as session:
        company = make_company(session)
    with inside(company) as session:
        members = [make_membership(session, "owner") for _n in range(2)]
        return company, [make_reader(session, one) for one in members]


def test_two_administrators_who_demote_each_other_leave_one(alone):
    company, (one, other) = alone
    start = threading.Barrier(2)

    def demote(by, whom):
        with work(company_stamp(company, user_id=by.user_id)) as session:
            member = session.get_one(Membership, whom.membership_id)
            start.wait()
            operations.set_roles(session, member, [], by=by, at=clock.now())

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(demote, one, other), pool.submit(demote, other, one)]
        errors = [end.exception() for end in ends]
    assert [type(error) for error in errors if error] == [LastAdministrator]
    with work(company_stamp(company)) as session:
        assert queries.count_administrators(session) == 1


def test_two_administrators_who_deactivate_each_other_leave_one(alone):
    company, (one, other) = alone
    start = threading.Barrier(2)

    def shut_out(by, whom):
        with work(company_stamp(company, user_id=by.user_id)) as session:
            member = session.get_one(Membership, whom.membership_id)
            start.wait()
            operations.deactivate(session, member, by=by, at=clock.now())

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(shut_out, one, other), pool.submit(shut_out, other, one)]
        errors = [end.exception() for end in ends]
    assert [type(error) for error in errors if error] == [LastAdministrator]


PAST_THE_OPERATIONS = {
    "role taken": "delete from membership_role where membership_id = :m",
    "deactivated": "update membership set active = false where id = :m",
    "archived": "update membership set archived_at = now() where id = :m",
    "bound to stores": "update membership set all_stores = false where id = :m",
    "deactivated everywhere": "update ab_user set active = false where id = :u",
    "a right taken off the role": "delete from ab_permission_view_role where ctid in (select x.ctid"
    " from ab_permission_view_role x join membership_role mr on mr.role_id = x.role_id"
    " where mr.membership_id = :m limit 1)",
}


@pytest.mark.parametrize("how", PAST_THE_OPERATIONS)
def test_the_database_keeps_somebody_who_holds_everything(alone, owner_sql, how):
    """Whatever the way: a bulk job, a program of somebody's, a person at the database."""
    _company, people = alone
    values = [{"m": one.membership_id, "u": one.user_id} for one in people]
    if "right" not in how:  # both have the same role
        owner_sql(PAST_THE_OPERATIONS[how], **_named(PAST_THE_OPERATIONS[how], values[0]))
    with pytest.raises(IntegrityError, match="nobody would be left") as refused:
        owner_sql(PAST_THE_OPERATIONS[how], **_named(PAST_THE_OPERATIONS[how], values[1]))
    assert "Appoint another" in str(as_refusal(refused.value))


def _named(statement, values):
    return {name: value for name, value in values.items() if f":{name}" in statement}


def test_the_database_keeps_one_of_two_who_remove_each_other_without_the_lock(alone):
    company, people = alone
    start = threading.Barrier(2)

    def remove(whom):
        with work(company_stamp(company)) as session:
            start.wait()
            session.execute(
                text("delete from membership_role where membership_id = :m"),
                {"m": whom.membership_id},
            )

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(remove, one) for one in people]
        errors = [end.exception() for end in ends]
    assert [type(error) for error in errors if error] == [IntegrityError]
    with work(company_stamp(company)) as session:
        assert queries.count_administrators(session) == 1


def test_a_deploy_adds_to_what_was_whole_and_to_untouched_roles_only(alone, site, owner_sql):
    """A right of a new screen, which nobody had, would be out of everybody's reach."""
    company, people = alone
    owner = make_engine(site.config["CRM"].database_owner_url, poolclass=NullPool)
    with work(company_stamp(company)) as session:
        whole = operations.make_role(
            session, name="Whole", rights=people[0].rights, by=people[0], at=clock.now()
        )
        part = operations.make_role(
            session, name="Part", rights=[("write", "Role")], by=people[0], at=clock.now()
        )
        for one in people:
            member = session.get_one(Membership, one.membership_id)
            operations.set_roles(session, member, [whole.id], by=people[0], at=clock.now())
        seeded = operations.seed_roles(session, company)
        untouched, changed = seeded["owner"], seeded["administrator"]
        operations.change_role(
            session,
            changed,
            name="Less",
            rights=people[0].rights - {("export", "Client")},
            version=changed.version,
            by=people[0],
            at=clock.now(),
        )
        ids = whole.id, part.id, untouched.id, changed.id
    new = ("read", "NewScreen")
    with site.app_context(), work(Stamp(Role.OWNER), on=owner) as session:
        make_rights(session, [new])
        operations.sync_roles(session)
    with work(company_stamp(company)) as session:
        rights = queries.rights_of_roles(session, ids)
        assert [new in rights[pk] for pk in ids] == [True, False, True, False]
        assert queries.count_administrators(session) == 2


def test_twenty_guesses_at_once_are_twenty_guesses(inside, site):
    with inside() as session:
        email = make_membership(session, "owner", password=PASSWORD).person.email

    def guess(_n):
        form = {"login": email, "password": "wrong"}
        return site.test_client().post("/login/", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(20)))
    assert (codes.count(401), codes.count(429)) == (5, 15)


def test_an_invitation_used_by_two_at_once_makes_one_place(inside, site, mails, owner_sql):
    with inside() as session, site.test_request_context("/"):
        by = make_reader(session, make_membership(session, "owner"))
        role = operations.seed_roles(session, 1)["cashier"].id
        operations.invite(session, email="race@example.com", role_ids=[role], by=by, at=clock.now())
    work_through(site)
    link = mails[0].link
    form = {"first_name": "R", "last_name": "Ace", "password": "eine-lange-Leine-7"}

    def join(_n):
        return site.test_client().post(link, data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(join, range(4)))
    assert codes.count(302) == 1
    assert owner_sql("select count(*) from ab_user where email = 'race@example.com'")[0][0] == 1


def test_readers_of_threads_never_mix(inside, site, sign_in):
    people = []
    for company in (1, 2):
        with inside(company) as session:
            members = [make_membership(session, "owner", password=PASSWORD) for _n in range(2)]
            people.extend(member.person.email for member in members)
    browsers = {email: sign_in(email) for email in people}
    seen = []

    def click(n):
        email = people[n % len(people)]
        page = browsers[email].get("/account/").text
        seen.append(email in page and sum(other in page for other in people) == 1)

    # One browser per thread: a test client is no more thread-safe than a person's is.
    locks = {email: threading.Lock() for email in people}

    def one_at_a_time(n):
        with locks[people[n % len(people)]]:
            click(n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one_at_a_time, range(80)))
    assert seen == [True] * 80


def test_the_stamp_does_not_outlive_its_request(inside, site, sign_in):
    from app.kit.database.stamp import current_stamp

    with inside() as session:
        email = make_membership(session, "owner", password=PASSWORD).person.email
    sign_in(email).get("/start/")
    assert current_stamp() is None


def test_rights_are_asked_once_for_each_version(inside, site):
    with inside() as session:
        member = make_membership(session, "owner")
        sent = []
        event.listen(
            session.connection().engine,
            "before_cursor_execute",
            lambda c, cur, statement, *rest: sent.append(statement),
        )
        for _n in range(3):
            make_reader(session, member)
    asked = [s for s in sent if "auth.rights" in s]
    assert len(asked) == 1


def test_a_process_starts_with_at_most_ten_queries(site):
    sent = []
    from sqlalchemy import Engine

    def note(conn, cursor, statement, *rest):
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        create_app(site.config["CRM"])
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        with site.app_context():
            from app.kit.database.session import bind

            bind(db.engine)
    assert len(sent) <= 10, sent
