"""Links that open a door: who may have them made, where they go, and where they do not lie."""

import dataclasses
import logging
from email import message_from_string, policy
from itertools import count

import pytest

from app.company import operations
from app.kit import account_mail, settings
from app.kit.security.reset import way
from app.messages.operations.mailing import SENDER
from app.messages.queries.routes import SMTP_URL
from tests.company.factories import PASSWORD, make_membership, make_role, make_user
from tests.factories import make_store
from tests.registries import as_before
from tests.security.test_invitations import JOIN, invite, plain
from tests.security.working import work_through
from tests.stand_ins.running import running

LOST = {("read", "Membership"), ("send_reset", "Membership")}
_numbers = count(1)


@pytest.fixture
def role(inside):
    """Return the id of the administrator's role."""
    with inside() as session:
        return operations.seed_roles(session, 1)["administrator"].id


@pytest.fixture
def superuser(inside, owner_sql):
    """Return the address of an administrator of the installation, who is in no company."""
    email = f"root-{next(_numbers)}@example.com"
    with inside() as session:
        user = make_user(session, email, password=PASSWORD)
    owner_sql(
        "insert into ab_user_role (user_id, role_id)"
        " select :u, id from ab_role where template = 'superuser' on conflict do nothing",
        u=user,
    )
    return email


@pytest.fixture
def configured(site):
    """Return a function that changes the configuration for the test."""
    before = site.config["CRM"]

    def change(**values):
        site.config["CRM"] = dataclasses.replace(before, **values)

    yield change
    site.config["CRM"] = before


@pytest.fixture
def reads_the_outbox(inside, sign_in):
    """A campaign manager's browser."""
    with inside() as session:
        email = make_membership(session, "campaign_manager", password=PASSWORD).person.email
    return sign_in(email)


def test_nobody_has_a_link_sent_to_somebody_stronger(inside, sign_in, mails, work_done):
    with inside() as session:
        strong = make_membership(session, "owner", email="strong@example.com", password=PASSWORD)
        pk, version = strong.id, strong.version
        mine = make_role(session, LOST)
        email = make_membership(session, mine, password=PASSWORD).person.email
    answer = sign_in(email).post(f"/people/do/send_reset/{pk}", data={"version": version})
    work_done()
    assert (answer.status_code, mails) == (403, [])


def test_an_administrator_is_told_when_no_more_links_are_sent(boss, inside, mails):
    with inside() as session:
        member = make_membership(session, "cashier", email="often@example.com", password=PASSWORD)
        pk, version = member.id, member.version
    codes = [
        boss.post(f"/people/do/send_reset/{pk}", data={"version": version}).status_code
        for _n in range(4)
    ]
    assert codes == [302, 302, 302, 409]


def test_a_superuser_who_forgot_the_password_gets_a_link(superuser, mails, client, work_done):
    client.post("/forgotten/", data={"email": superuser})
    work_done()
    assert [one.to for one in mails] == [superuser]
    new = {"password": "ganz-neue-Leine-8"}
    assert client.post(mails[0].link, data=new).status_code == 302


def test_no_staff_can_read_a_link_for_a_new_password(inside, mails, client, work_done, owner_sql):
    """Whoever administers one company must not get into another by way of a common member."""
    with inside() as session:
        make_membership(session, "owner", email="common@example.com", password=PASSWORD)
    before = owner_sql("select count(*) from dispatch_recipient")
    client.post("/forgotten/", data={"email": "common@example.com"})
    work_done()
    token = mails[0].link.rpartition("/")[2]
    assert owner_sql("select count(*) from dispatch_recipient") == before
    assert owner_sql("select 1 from job where args::text like :t", t=f"%{token}%") == []
    assert owner_sql("select 1 from job where name like '%reset%' and company_id > 0") == []


def test_a_known_and_an_unknown_address_are_the_same_work(inside, client, mails, owner_sql):
    with inside() as session:
        make_membership(session, "owner", email="same@example.com", password=PASSWORD)
    waiting = "select count(*) from job where name = 'app.kit.security.reset.send_link'"
    counts = []
    for email in ("same@example.com", "same-not@example.com"):
        before = owner_sql(waiting)[0][0]
        client.post("/forgotten/", data={"email": email})
        counts.append(owner_sql(waiting)[0][0] - before)
    assert counts == [1, 1]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"smtp_url": "smtp://127.0.0.1:2525"}, "a link is on its way"),
        ({"smtp_url": None}, "the link stands in the log"),
        ({"smtp_url": None, "production": True}, "no link can be sent"),
    ],
)
def test_the_page_says_what_becomes_of_the_link(client, configured, mails, values, words):
    configured(**values)
    for email in ("nobody1@example.com", "nobody2@example.com"):
        answer = client.post("/forgotten/", data={"email": email})
        assert words in answer.text


def test_the_sentence_is_that_of_the_configuration(site, configured):
    configured(smtp_url="smtp://127.0.0.1:2525")
    with site.test_request_context("/"):
        assert "on its way" in way()


def test_without_a_mail_server_the_inviter_hands_the_link_over(
    boss, role, configured, caplog, owner_sql, reads_the_outbox
):
    configured(smtp_url=None)
    with caplog.at_level(logging.INFO):
        answer = invite(boss, role, "by-hand@example.com")
    assert (answer.status_code, "nothing was sent" in answer.text) == (200, True)
    link = "/invitation/" + answer.text.split("/invitation/")[1].split("<")[0]
    assert link not in caplog.text
    stored = "select 1 from dispatch_recipient where address like 'by-hand%'"
    assert owner_sql(stored) == []
    # With this link a campaign manager would become an administrator.
    assert "by-hand" not in reads_the_outbox.get("/outbox-messages/list/").text
    browser = boss.application.test_client()
    assert browser.post(link, data=JOIN).status_code == 302
    assert browser.get("/people/list/").status_code == 200


@pytest.fixture
def relay():
    """The installation's own mail server."""
    with running("smtp_sink", "0", "300") as one:
        yield one


@pytest.fixture
def listener(inside, loopback):
    """The company's mail server, where somebody listens who may only change settings."""
    with running("smtp_sink", "0", "300") as one:
        with inside() as session:
            settings.put(session, SMTP_URL, f"smtp://127.0.0.1:{one.port}")
        yield one
        with inside() as session:
            settings.reset(session, SMTP_URL)


def test_an_invitation_goes_by_the_installations_mail_server_and_by_no_companys(
    boss, role, configured, listener, relay, owner_sql
):
    """Who may only change settings read the link of an owner's invitation and became one."""
    configured(smtp_url=f"smtp://127.0.0.1:{relay.port}")
    invite(boss, role, "by-relay@example.com")
    assert [one["to"] for one in relay.mails()] == ["by-relay@example.com"]
    assert listener.mails() == []
    body = message_from_string(relay.mails()[0]["data"], policy=policy.default)
    link = "/invitation/" + body.get_body(("plain",)).get_content().split("/invitation/")[1].strip()
    token = link.rpartition("/")[2]
    assert owner_sql("select 1 from dispatch_recipient where address like 'by-relay%'") == []
    assert owner_sql("select 1 from job where args::text like :t", t=f"%{token}%") == []
    assert boss.application.test_client().post(link, data=JOIN).status_code == 302


def test_with_a_companys_mail_server_alone_the_inviter_hands_the_link_over(
    boss, role, configured, listener, owner_sql
):
    configured(smtp_url=None)
    answer = invite(boss, role, "by-hand3@example.com")
    assert (answer.status_code, "/invitation/" in answer.text) == (200, True)
    assert owner_sql("select 1 from dispatch_recipient where address like 'by-hand3%'") == []
    assert listener.mails() == []


def test_an_invitation_that_was_withdrawn_before_it_was_sent_is_not_sent(
    boss, role, mails, work_done, owner_sql
):
    form = {"email": "too-late@example.com", "roles": [role], "scope": "all"}
    boss.post("/invitations/add", data=form)
    owner_sql("update invitation set revoked_at = now() where email = 'too-late@example.com'")
    work_done()
    assert mails == []


def test_an_invitation_whose_mail_server_was_taken_away_is_in_no_log(
    boss, role, mails, configured, owner_sql, caplog
):
    form = {"email": "no-log@example.com", "roles": [role], "scope": "all"}
    boss.post("/invitations/add", data=form)
    configured(smtp_url=None)
    with as_before(account_mail._senders, empty=True), caplog.at_level(logging.INFO):
        account_mail.use_sender(SENDER)
        work_through(boss.application)
    assert "/invitation/" not in caplog.text
    found = owner_sql("select state, error from job where name like '%send_invitation' order by id")
    assert found[-1].state == "failed"
    assert "No mail server" in found[-1].error


def test_without_a_mail_server_nothing_is_sent_again(boss, role, configured, owner_sql):
    configured(smtp_url=None)
    invite(boss, role, "by-hand2@example.com")
    query = "select id, version, token_hash from invitation where email = 'by-hand2@example.com'"
    pk, version, before = owner_sql(query)[0]
    answer = boss.post(f"/invitations/do/resend/{pk}", data={"version": version})
    assert (answer.status_code, owner_sql(query)[0][2]) == (409, before)


def test_the_ways_to_people_are_on_the_pages(boss, inside):
    """Each was a page that only those found who knew its address."""
    with inside() as session:
        member = make_membership(session, "cashier")
        pk, name = member.id, member.person.name
    shown = boss.get(f"/people/show/{pk}").text
    assert f"<h1>{name}</h1>" in shown
    assert "Cashier" in shown
    for page in ("rights", "roles", "sessions"):
        assert f'href="/people/{page}/{pk}"' in shown
    for path in ("/people", "/invitations", "/api-keys"):
        assert f'href="{path}/add"' in boss.get(f"{path}/list/").text
        assert boss.get(f"{path}/add").status_code == 200


def test_roles_and_stores_of_a_person_are_told_where_one_looks_for_them(boss, inside):
    with inside() as session:
        store = make_store(session, name="Somewhere by the sea")
        member = make_membership(session, "warehouse", "cashier", store_ids=[store.id])
        pk, name = member.id, member.person.name
    row = next(one for one in boss.get("/people/list/").text.split("<tr") if name in one)
    assert "Cashier, Warehouse" in row
    shown = boss.get(f"/people/show/{pk}").text
    assert "Somewhere by the sea" in shown
    assert "All stores of the company" not in shown


def test_people_are_invited_from_their_list(boss, role, mails, work_done):
    form = {"email": "from-list@example.com", "roles": [role], "scope": "all"}
    assert boss.post("/people/add", data=form).status_code == 302
    work_done()
    assert [one.to for one in mails] == ["from-list@example.com"]


def test_whoever_may_change_people_but_not_invite_is_told_so(inside, sign_in):
    with inside() as session:
        mine = make_role(session, {("read", "Membership"), ("write", "Membership")})
        email = make_membership(session, mine, password=PASSWORD).person.email
    assert sign_in(email).get("/people/add").status_code == 403


def test_a_key_accepts_no_invitation(boss, role, mails, site, inside):
    from app.kit import clock
    from tests.company.factories import make_reader

    with inside() as session:
        member = make_membership(session, "owner", email="keyed@example.com", password=PASSWORD)
        by = make_reader(session, member)
        scopes = [("read", "Store")]
        _key, token = operations.make_key(session, name="x", scopes=scopes, by=by, at=clock.now())
    with inside(2) as session:
        make_membership(session, "owner", email="keyed2@example.com", password=PASSWORD)
    invite(boss, role, "keyed2@example.com")
    header = {"Authorization": f"Bearer {token}"}
    answer = site.test_client().post(mails[0].link, headers=header)
    assert (answer.status_code, answer.location.startswith("/login/")) == (302, True)


def test_a_superuser_with_a_place_in_a_company_is_both(superuser, inside, sign_in, owner_sql):
    with inside() as session:
        user = owner_sql("select id from ab_user where email = :e", e=superuser)[0][0]
        make_membership(session, "owner", user_id=user)
    browser = sign_in(superuser)
    assert "Ours" in browser.get("/start/").text
    assert browser.get("/platform/companies/").status_code == 403
    assert 'value="installation"' in browser.get("/account/companies/").text
    assert browser.post("/account/companies/", data={"choice": "installation"}).status_code == 302
    assert "Theirs" in browser.get("/platform/companies/").text
    assert browser.get("/people/list/").status_code == 403


def test_nobody_else_chooses_the_installation(boss):
    assert 'value="installation"' not in boss.get("/account/companies/").text
    for wanted in ("installation", "", "0", "x", "9" * 30):
        answer = boss.post("/account/companies/", data={"choice": wanted})
        assert (wanted, answer.status_code) == (wanted, 404)


def test_the_answer_to_a_wish_too_many_is_the_same(client, mails):
    answers = [client.post("/forgotten/", data={"email": "many@example.com"}) for _n in range(5)]
    assert {plain(answer) for answer in answers} == {plain(answers[0])}


def test_a_new_password_closes_every_other_link_to_one(inside, client, mails, work_done):
    email = f"twice-{next(_numbers)}@example.com"
    with inside() as session:
        make_membership(session, "owner", email=email, password=PASSWORD)
    for _n in range(2):
        client.post("/forgotten/", data={"email": email})
    work_done()
    first, second = (account_mail.link for account_mail in mails)
    assert client.get(second).status_code == 200
    assert client.post(first, data={"password": "ganz-neue-Leine-8"}).status_code == 302
    assert client.get(second).status_code == 404
    assert client.post(second, data={"password": "ganz-andere-Leine-9"}).status_code == 404


def test_whoever_changes_the_password_closes_the_links_to_a_new_one(
    inside, client, sign_in, mails, work_done
):
    email = f"changed-{next(_numbers)}@example.com"
    with inside() as session:
        make_membership(session, "owner", email=email, password=PASSWORD)
    client.post("/forgotten/", data={"email": email})
    work_done()
    new = {"present": PASSWORD, "password": "ganz-neue-Leine-8"}
    assert sign_in(email).post("/account/password/", data=new).status_code == 302
    assert client.get(mails[0].link).status_code == 404
