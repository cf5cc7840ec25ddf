"""Invitations and forgotten passwords: links that work once."""

import re
import threading
from datetime import timedelta

import pytest

from app.company import operations, queries
from app.company.models import Employee
from app.kit import clock
from tests.company.factories import PASSWORD, make_membership, make_role, make_user
from tests.security.working import work_through
from tests.servers.checkouts import eventually


@pytest.fixture
def role(inside):
    """Return the id of the order manager's role."""
    with inside() as session:
        return operations.seed_roles(session, 1)["order_manager"].id


def invite(boss, role, email="new@example.com", **form):
    """Invite somebody and let the workers send the mail."""
    answer = boss.post(
        "/invitations/add", data={"email": email, "roles": [role], "scope": "all", **form}
    )
    work_through(boss.application)
    return answer


def plain(answer):
    """Return the page without what is random in it."""
    return re.sub(r'(nonce|content|value)="[^"]+"', "", answer.text)


JOIN = {"first_name": "Nia", "last_name": "Neu", "password": "eine-lange-Leine-7"}


def test_somebody_new_names_themselves_and_is_in(boss, role, mails, site):
    assert invite(boss, role, "nia@example.com").status_code == 302
    assert mails[0].to == "nia@example.com"
    browser = site.test_client()
    assert "Ours" in browser.get(mails[0].link).text
    assert browser.post(mails[0].link, data=JOIN).status_code == 302
    page = browser.get("/start/")
    assert "Nia Neu" in page.text
    assert "Order manager" in page.text


def test_a_link_works_once(boss, role, mails, site):
    invite(boss, role, "once@example.com")
    site.test_client().post(mails[0].link, data=JOIN)
    again = site.test_client().post(mails[0].link, data=JOIN)
    assert again.status_code == 404
    assert "used, withdrawn or over" in again.text


def test_a_weak_password_is_refused_and_the_link_still_works(boss, role, mails, client):
    invite(boss, role, "weak@example.com")
    assert client.post(mails[0].link, data={**JOIN, "password": "weak"}).status_code == 422
    assert (
        client.post(mails[0].link, data={**JOIN, "password": "weak@example.com"}).status_code == 422
    )
    assert client.post(mails[0].link, data=JOIN).status_code == 302


def test_a_link_is_over_after_seven_days(boss, role, mails, client):
    invite(boss, role, "late@example.com")
    with clock.frozen(clock.now() + timedelta(days=7, minutes=1)):
        assert client.get(mails[0].link).status_code == 404


def test_a_withdrawn_invitation_does_not_work(boss, role, mails, client, owner_sql):
    invite(boss, role, "gone@example.com")
    pk = owner_sql("select id from invitation where email = 'gone@example.com'")[0][0]
    assert boss.post(f"/invitations/do/revoke/{pk}", data={"version": 1}).status_code == 302
    assert client.get(mails[0].link).status_code == 404


def test_a_resent_invitation_replaces_the_link(boss, role, mails, site, owner_sql):
    invite(boss, role, "again@example.com")
    pk, version = owner_sql("select id, version from invitation where email = 'again@example.com'")[
        0
    ]
    assert boss.post(f"/invitations/do/resend/{pk}", data={"version": version}).status_code == 302
    work_through(site)
    assert site.test_client().get(mails[0].link).status_code == 404
    assert site.test_client().get(mails[1].link).status_code == 200


def test_somebody_known_signs_in_first_and_keeps_the_password(
    boss, role, mails, site, inside, sign_in
):
    with inside(2) as session:
        make_membership(session, "owner", email="known@example.com", password=PASSWORD)
    invite(boss, role, "known@example.com")
    stranger = site.test_client()
    assert stranger.get(mails[0].link).location.startswith("/login/")
    stranger.post(mails[0].link, data=JOIN)
    browser = sign_in("known@example.com")
    assert "Join Ours?" in browser.get(mails[0].link).text
    browser.post(mails[0].link)
    assert "Ours" in browser.get("/start/").text


def test_an_invitation_for_somebody_else_is_not_accepted(boss, role, mails, inside, sign_in):
    with inside(2) as session:
        make_membership(session, "owner", email="target@example.com", password=PASSWORD)
        make_membership(session, "owner", email="other@example.com", password=PASSWORD)
    invite(boss, role, "target@example.com")
    browser = sign_in("other@example.com")
    assert browser.post(mails[0].link).status_code == 404
    assert "Ours" not in browser.get("/start/").text


def test_nobody_invites_with_more_than_they_have(inside, sign_in, mails):
    with inside() as session:
        roles = operations.seed_roles(session, 1)
        mine = make_role(session, {("read", "Invitation"), ("write", "Invitation")})
        email = make_membership(session, mine, password=PASSWORD).person.email
        owners = roles["owner"].id
    answer = invite(sign_in(email), owners)
    assert answer.status_code == 403
    assert "You can give or take only" in answer.text
    assert mails == []


def test_an_invitation_is_for_stores_of_the_inviter_only(inside, sign_in, boss, role, owner_sql):
    theirs = owner_sql(
        "insert into store (company_id, number, name) values (2, 'x1', 'Theirs') returning id"
    )[0][0]
    answer = invite(boss, role, "s@example.com", scope="some", stores=[theirs])
    assert answer.status_code == 422


def test_the_inviters_deactivation_withdraws_what_they_offered(
    boss, role, mails, inside, sign_in, client
):
    with inside() as session:
        second = make_membership(session, "administrator", password=PASSWORD)
        email, pk, version = second.person.email, second.id, second.version
    invite(sign_in(email), role, "offered@example.com")
    assert boss.post(f"/people/do/deactivate/{pk}", data={"version": version}).status_code == 302
    assert client.get(mails[0].link).status_code == 404


def test_a_forgotten_password_is_set_by_link_once_and_ends_all_sessions(
    inside, mails, site, sign_in, work_done
):
    with inside() as session:
        make_membership(session, "owner", email="forgot@example.com", password=PASSWORD)
    before = sign_in("forgot@example.com")
    site.test_client().post("/forgotten/", data={"email": "Forgot@example.com"})
    work_done()
    browser = site.test_client()
    form = {"password": "ganz-neue-Leine-8"}
    assert browser.post(mails[0].link, data=form).status_code == 302
    assert browser.post(mails[0].link, data=form).status_code == 404
    assert before.get("/start/").status_code == 302
    assert sign_in("forgot@example.com", "ganz-neue-Leine-8").get("/start/").status_code == 200


def test_the_answer_is_the_same_for_an_unknown_address(inside, mails, client, work_done):
    with inside() as session:
        make_membership(session, "owner", email="known2@example.com", password=PASSWORD)
    known = client.post("/forgotten/", data={"email": "known2@example.com"})
    unknown = client.post("/forgotten/", data={"email": "unknown@example.com"})
    assert (known.status_code, plain(known)) == (unknown.status_code, plain(unknown))
    work_done()
    assert [one.to for one in mails] == ["known2@example.com"]


def test_a_reset_link_is_over_after_two_hours(inside, mails, client, work_done):
    with inside() as session:
        make_membership(session, "owner", email="slow@example.com", password=PASSWORD)
    client.post("/forgotten/", data={"email": "slow@example.com"})
    work_done()
    assert client.get(mails[0].link).status_code == 200
    with clock.frozen(clock.now() + timedelta(hours=2, minutes=1)):
        assert client.get(mails[0].link).status_code == 404


def test_links_are_not_sent_without_end(inside, mails, client, work_done):
    with inside() as session:
        make_membership(session, "owner", email="flood@example.com", password=PASSWORD)
    for _n in range(6):
        client.post("/forgotten/", data={"email": "flood@example.com"})
    work_done()
    assert len(mails) == 3


def test_an_administrator_sends_a_link_and_never_sets_a_password(boss, mails, inside, work_done):
    with inside() as session:
        member = make_membership(session, "cashier", email="till@example.com", password=PASSWORD)
        pk, version = member.id, member.version
    assert boss.post(f"/people/do/send_reset/{pk}", data={"version": version}).status_code == 302
    work_done()
    assert [one.to for one in mails] == ["till@example.com"]


def test_the_link_in_a_mail_names_the_installation_not_the_host_header(
    inside, mails, client, work_done
):
    with inside() as session:
        make_membership(session, "owner", email="host@example.com", password=PASSWORD)
    client.post("/forgotten/", data={"email": "host@example.com"}, headers={"Host": "evil.example"})
    work_done()
    assert "evil.example" not in mails[0].text


def test_rights_of_a_user_name_the_role_they_come_from(boss, inside):
    with inside() as session:
        member = make_membership(session, "order_manager")
        granted = queries.rights_by_role(session, member)
        pk = member.id
    assert granted["read", "Store"] == ["Order manager"]
    assert "from Order manager" in boss.get(f"/people/rights/{pk}").text


def test_somebody_without_a_company_is_told_so(inside, sign_in):
    with inside() as session:
        make_user(session, "alone@example.com", password=PASSWORD)
    answer = sign_in("alone@example.com").get("/", follow_redirects=True)
    assert answer.status_code == 200


@pytest.fixture
def employee(inside):
    """Return the id of an employee, as whom nobody signs in yet."""
    with inside() as session:
        one = Employee(last_name="Neu")
        session.add(one)
        session.flush()
        return one.id


@pytest.fixture
def offered(boss, role, employee, owner_sql):
    """Return a function that invites an address to be the employee."""

    def invite_as(email):
        invite(boss, role, email)
        owner_sql(
            "update invitation set employee_id = :e where email = :email", e=employee, email=email
        )

    return invite_as


def employees_of(owner_sql, email):
    return owner_sql(
        "select m.employee_id from membership m join ab_user u on u.id = m.user_id"
        " where u.email = :email and m.company_id = 1",
        email=email,
    )


def test_whoever_is_invited_as_an_employee_is_that_one(offered, employee, mails, client, owner_sql):
    offered("as@example.com")
    assert client.post(mails[0].link, data=JOIN).status_code == 302
    assert employees_of(owner_sql, "as@example.com") == [(employee,)]


def test_the_second_to_accept_as_the_same_employee_comes_in_without(
    offered, employee, mails, site, owner_sql
):
    for name in ("first", "second"):
        offered(f"{name}@as.example.com")
    for mail in mails:
        assert site.test_client().post(mail.link, data=JOIN).status_code == 302
    assert employees_of(owner_sql, "first@as.example.com") == [(employee,)]
    assert employees_of(owner_sql, "second@as.example.com") == [(None,)]


def test_who_comes_back_from_the_archive_does_not_take_the_employee_from_another(
    offered, employee, mails, inside, sign_in, owner_sql
):
    with inside() as session:
        email = "back@as.example.com"
        make_membership(session, "cashier", email=email, password=PASSWORD)
        make_membership(session, "cashier").employee_id = employee
    with inside(2) as session:
        user = make_user(session, email)
        make_membership(session, "cashier", user_id=user)
    owner_sql(
        "update membership set archived_at = now(), employee_id = :e where company_id = 1"
        " and user_id = (select id from ab_user where email = :email)",
        e=employee,
        email=email,
    )
    offered(email)
    assert sign_in(email).post(mails[0].link).status_code == 302
    assert employees_of(owner_sql, email) == [(None,)]


def test_an_employee_who_is_being_linked_just_now_is_waited_for(
    offered, employee, mails, site, inside, owner_sql
):
    offered("waits@as.example.com")
    answers = []

    def join():
        answers.append(site.test_client().post(mails[0].link, data=JOIN).status_code)

    with inside() as session:
        make_membership(session, "cashier").employee_id = employee
        session.flush()
        thread = threading.Thread(target=join)
        thread.start()
        assert eventually(lambda: owner_sql(_SOMEBODY_WAITS), 30)
    thread.join(30)
    assert answers == [302]
    assert employees_of(owner_sql, "waits@as.example.com") == [(None,)]


_SOMEBODY_WAITS = (
    "select 1 from pg_stat_activity where datname = current_database()"
    " and cardinality(pg_blocking_pids(pid)) > 0"
)


def test_an_employee_who_is_taken_is_refused_in_words(boss, inside, employee):
    with inside() as session:
        make_membership(session, "cashier").employee_id = employee
        other = make_membership(session, "cashier")
        pk, version = other.id, other.version
    form = {"employee": str(employee), "version": str(version)}
    answer = boss.post(f"/people/edit/{pk}", data=form)
    assert answer.status_code == 422
    assert "Somebody else signs in as this employee already." in answer.text
