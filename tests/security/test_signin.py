"""Signing in: who gets in, where to, and how often one may try."""

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask, request
from sqlalchemy import event, text

from app.kit import clock
from app.kit.database.session import db
from app.kit.security.addresses import safe_next
from app.kit.security.auth_functions import opened
from app.kit.security.authentication import network
from app.kit.security.manager import prepare
from tests.company.factories import PASSWORD, make_membership, make_user


@pytest.fixture
def member(inside):
    """An order manager of our company."""
    with inside() as session:
        made = make_membership(session, "order_manager", password=PASSWORD)
        made.person  # noqa: B018 -- loaded for use after the session
        return made


@pytest.fixture
def ada(member):
    return member.person.email


@pytest.fixture
def counted(site):
    """A list that grows with every statement sent to the database."""
    sent = []

    def note(conn, cursor, statement, *rest):
        sent.append(statement)

    with site.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def attempt(client, email, password):
    return client.post("/login/", data={"login": email, "password": password})


def test_the_right_password_leads_in(ada, sign_in):
    answer = sign_in(ada).get("/start/")
    assert (answer.status_code, "Ada" in answer.text) == (200, True)


def test_the_address_may_be_written_in_capitals(ada, sign_in):
    assert sign_in(ada.upper()).get("/start/").status_code == 200


def test_a_wrong_password_says_how_often_one_may_try(ada, client):
    answer = attempt(client, ada, "wrong")
    assert answer.status_code == 401
    assert "You can try 4 more times." in answer.text


def test_an_unknown_address_gets_the_same_answer(client):
    unknown = attempt(client, "nobody@example.com", "wrong")
    assert "You can try 4 more times." in unknown.text


def test_after_five_wrong_passwords_the_right_one_waits_too(ada, client, site):
    for _n in range(5):
        attempt(client, ada, "wrong")
    assert attempt(client, ada, PASSWORD).status_code == 429
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert attempt(site.test_client(), ada, PASSWORD).status_code == 302


def test_success_forgives_earlier_failures(ada, client, site, sign_in):
    for _n in range(4):
        attempt(client, ada, "wrong")
    sign_in(ada)
    assert "4 more" in attempt(site.test_client(), ada, "wrong").text


def test_form_and_api_count_together(ada, client):
    for _n in range(3):
        attempt(client, ada, "wrong")
    for _n in range(2):
        client.post("/api/v1/security/login", json={"username": ada, "password": "wrong"})
    answer = client.post("/api/v1/security/login", json={"username": ada, "password": PASSWORD})
    assert answer.status_code == 429


def test_one_network_trying_many_addresses_is_stopped(client):
    where = {"REMOTE_ADDR": "203.0.113.9"}
    codes = {
        client.post(
            "/api/v1/security/login",
            json={"username": f"guess{n}@example.com", "password": ""},
            environ_base=where,
        ).status_code
        for n in range(62)
    }
    assert codes == {401, 429}


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8::2:3:4:5", "2001:db8::"),
        ("2001:db8:0:1::7", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_one_caller_is_counted_once_however_the_address_is_written(site, address, counted_as):
    with site.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert network() == counted_as


@pytest.mark.parametrize(
    ("proxies", "counted_as"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")]
)
def test_behind_proxies_the_caller_is_counted_and_not_what_it_claims(site, proxies, counted_as):
    app = Flask("behind")
    app.config["CRM"] = dataclasses.replace(site.config["CRM"], trusted_proxies=proxies)
    prepare(app)
    app.add_url_rule("/", "who", lambda: f"{network()} {request.scheme}")
    header = {
        "X-Forwarded-For": "10.1.1.1, 198.51.100.7, 203.0.113.9",
        "X-Forwarded-Proto": "https, https",
    }
    found, scheme = app.test_client().get("/", headers=header).text.split()
    assert (found, scheme) == (counted_as, "https" if proxies else "http")


@pytest.mark.parametrize("login", ["a\0b", "x" * 5000, "\ud800", "ї" * 400])
def test_a_login_that_is_nobodys_is_a_wrong_one(client, login):
    form = client.post("/login/", data={"login": login.encode(errors="replace"), "password": "x"})
    assert form.status_code in (401, 422)
    body = {"username": login, "password": "x\ud800"}
    assert client.post("/api/v1/security/login", json=body).status_code in (401, 422)
    asked = client.post("/forgotten/", data={"email": login.encode(errors="replace")})
    assert asked.status_code in (200, 422)


def test_a_password_of_a_megabyte_is_a_wrong_one(ada, client):
    body = {"username": ada, "password": PASSWORD + " " * 2**20}
    assert client.post("/api/v1/security/login", json=body).status_code == 401


def test_a_deactivated_person_does_not_get_in(ada, client, owner_sql):
    owner_sql("update ab_user set active = false where email = :email", email=ada)
    assert attempt(client, ada, PASSWORD).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/start/", "/start/"),
        ("/people/list/?q=a b", "/"),
        ("/people/list/?q=a%20b", "/people/list/?q=a%20b"),
        ("http://localhost/start/", "/start/"),
        ("https://evil.example/", "/"),
        ("https://evil.example/start/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("///evil.example", "/"),
        ("http:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("javascript://localhost/start/", "/"),
        ("ftp://localhost/start/", "/"),
        ("start", "/"),
        ("http://[", "/"),
    ],
)
def test_next_leads_into_the_application_only(site, wanted, leads_to):
    with site.test_request_context("/"):
        assert safe_next(wanted) == leads_to


def test_signing_in_follows_next(ada, client):
    form = {"login": ada, "password": PASSWORD}
    answer = client.post("/login/?next=/start/", data=form)
    assert answer.location == "/start/"
    away = client.get("/login/?next=https://evil.example/")
    assert away.location == "/"


def test_anonymous_pages_ask_the_database_nothing(client, counted):
    for path in ("/login/", "/forgotten/", "/"):
        client.get(path)
    assert counted == []


def test_a_page_of_a_reader_is_resolved_by_one_function(ada, sign_in, counted):
    browser = sign_in(ada)
    browser.get("/start/")
    counted.clear()
    browser.get("/start/")
    (asked,) = [s for s in counted if "set_config" not in s]
    assert asked.startswith("select * from auth.reader(")


def test_the_cookie_holds_the_token_and_the_database_its_hash(ada, sign_in):
    browser = sign_in(ada)
    with browser.session_transaction() as cookie:
        token = cookie["sid"]
        assert set(cookie) <= {"sid", "locale", "_permanent", "csrf_token", "_flashes"}
    with opened() as door, pytest.raises(Exception, match="permission denied"):
        door.execute(text("select token_hash from user_session"))
    assert len(token) > 40


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(ada, client):
    cookies = attempt(client, ada, PASSWORD).headers.getlist("Set-Cookie")
    assert sorted(one.partition("=")[0] for one in cookies) == ["tresen", "tresen_device"]
    assert all("HttpOnly" in one and "SameSite=Lax" in one for one in cookies)


def test_a_browser_that_came_by_tls_is_told_to_stay_with_it(client):
    name = "Strict-Transport-Security"
    assert name in client.get("/login/", base_url="https://localhost").headers
    assert name not in client.get("/login/").headers


def test_what_is_sent_has_a_limit(client, site):
    body = b"x" * (site.config["MAX_CONTENT_LENGTH"] + 1)
    assert client.post("/login/", data={"login": body}).status_code == 413


def test_a_session_taken_over_before_sign_in_is_not_kept(ada, client):
    with client.session_transaction() as cookie:
        cookie["planted"] = "by an attacker"
    attempt(client, ada, PASSWORD)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_signing_out_ends_the_session_in_the_database(ada, sign_in, site):
    browser = sign_in(ada)
    with browser.session_transaction() as cookie:
        token = cookie["sid"]
    browser.post("/logout/")
    thief = site.test_client()
    with thief.session_transaction() as cookie:
        cookie["sid"] = token
    assert thief.get("/start/").status_code == 302


def test_a_session_is_over_after_half_a_day_without_a_click(ada, sign_in):
    browser = sign_in(ada)
    with clock.frozen(clock.now() + timedelta(hours=13)):
        assert browser.get("/start/").status_code == 302


def test_a_device_that_stays_signed_in_is_remembered_for_a_month(ada, sign_in):
    browser = sign_in(ada, stays="y")
    with clock.frozen(clock.now() + timedelta(days=25)):
        assert browser.get("/start/").status_code == 200


def test_last_seen_is_written_at_most_every_five_minutes(ada, sign_in, inside, member):
    browser = sign_in(ada)
    start = clock.now()

    def seen():
        with inside() as session:
            return session.scalar(
                text("select last_seen_at from user_session where membership_id = :m"),
                {"m": member.id},
            )

    first = seen()
    with clock.frozen(start + timedelta(minutes=2)):
        browser.get("/start/")
    assert seen() == first
    with clock.frozen(start + timedelta(minutes=6)):
        browser.get("/start/")
    assert seen() == start + timedelta(minutes=6)


def test_somebody_in_two_companies_chooses_and_changes(inside, site, sign_in):
    with inside(1) as session:
        user = make_user(session, "both@example.com", password=PASSWORD)
        make_membership(session, "owner", user_id=user)
    with inside(2) as session:
        theirs = make_membership(session, "owner", user_id=user).id
    browser = site.test_client()
    answer = browser.post("/login/", data={"login": "both@example.com", "password": PASSWORD})
    assert answer.location.startswith("/account/companies/")
    page = browser.get("/account/companies/").text
    assert "Ours" in page
    assert "Theirs" in page
    browser.post("/account/companies/", data={"choice": theirs})
    assert "Theirs" in browser.get("/start/").text


def test_nobody_chooses_a_company_that_is_not_theirs(ada, sign_in, inside):
    with inside(2) as session:
        theirs = make_membership(session, "owner").id
    browser = sign_in(ada)
    assert browser.post("/account/companies/", data={"choice": theirs}).status_code == 404


def test_the_language_can_be_chosen_before_anybody_is_known(client):
    client.get("/login/?lang=de")
    with client.session_transaction() as cookie:
        assert cookie["locale"] == "de"
