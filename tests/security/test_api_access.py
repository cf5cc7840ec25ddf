"""Programs: tokens of people and keys of companies, on the API."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.catalogue.models import Brand
from app.company import operations
from app.company.models import ApiKey
from app.kit import clock
from app.kit.access import OTHERS_CLIENTS, MissingRight, reader
from app.kit.database.stamp import Role
from app.kit.screens import BulkAction
from tests.company.factories import PASSWORD, make_membership, make_reader, make_user
from tests.factories import make_brand, make_client, make_store

STORES = "/api/v1/stores/"
READ, WRITE = ("read", "Store"), ("write", "Store")


@pytest.fixture
def boss(inside):
    """An owner, by email and membership."""
    with inside() as session:
        made = make_membership(session, "owner", password=PASSWORD)
        return made.person.email, made.id


@pytest.fixture
def make_key(inside, boss):
    """Return a function that gives the text of a fresh key of the owner's."""

    def make(*scopes, **values):
        with inside() as session:
            by = make_reader(session, session.get_one(operations.people.Membership, boss[1]))
            return operations.make_key(
                session, name="shop", scopes=scopes, by=by, at=clock.now(), **values
            )

    return make


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def tokens(client, email, **more):
    body = {"username": email, "password": PASSWORD, "provider": "db", **more}
    answer = client.post("/api/v1/security/login", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_without_a_token_nothing_is_answered(client):
    assert client.get(STORES).status_code == 401


def test_a_persons_token_opens_what_the_person_may(boss, client):
    access = tokens(client, boss[0])["access_token"]
    assert client.get(STORES, headers=bearer(access)).status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, "x"),
        (400, []),
        (400, {}),
        (400, {"username": 1, "password": "x"}),
        (422, {"username": "a\0", "password": "x"}),
    ],
)
def test_a_sign_in_that_is_none_is_refused(client, status, body):
    assert client.post("/api/v1/security/login", json=body).status_code == status


def test_a_token_dies_with_its_session(boss, client, owner_sql):
    access = tokens(client, boss[0])["access_token"]
    owner_sql("update user_session set ended_at = now() where kind = 'api'")
    assert client.get(STORES, headers=bearer(access)).status_code == 401


def test_a_refresh_token_gives_a_new_access_token_until_the_session_ends(boss, client, owner_sql):
    refresh = tokens(client, boss[0], refresh=True)["refresh_token"]
    answer = client.post("/api/v1/security/refresh", headers=bearer(refresh))
    assert client.get(STORES, headers=bearer(answer.json["access_token"])).status_code == 200
    owner_sql("update user_session set ended_at = now() where kind = 'api'")
    assert client.post("/api/v1/security/refresh", headers=bearer(refresh)).status_code == 401


def test_a_refresh_token_opens_nothing_else(boss, client):
    refresh = tokens(client, boss[0], refresh=True)["refresh_token"]
    assert client.get(STORES, headers=bearer(refresh)).status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "tk_unknown", "tk_"])
def test_a_token_that_is_none_is_a_401(client, token):
    assert client.get(STORES, headers=bearer(token)).status_code == 401


def test_a_key_opens_its_scopes_and_nothing_else(make_key, client):
    _key, token = make_key(READ)
    assert client.get(STORES, headers=bearer(token)).status_code == 200
    body = {"number": "77", "name": "By key"}
    assert client.post(STORES, json=body, headers=bearer(token)).status_code == 403


def test_a_key_sees_the_clients_that_somebody_with_just_its_scopes_would_see(
    make_key, client, inside
):
    with inside() as session:
        pk = make_client(session, store=make_store(session)).id
    scopes = (("read", "Client"), ("read", "ContactPoint"), ("read", "contacts"))
    narrow, wide = make_key(*scopes)[1], make_key(*scopes, OTHERS_CLIENTS)[1]
    address = f"/api/v1/clients/{pk}"
    assert client.get(address, headers=bearer(narrow)).status_code == 404
    assert client.get(address, headers=bearer(wide)).status_code == 200


@pytest.fixture
def brands(inside):
    """A few brands, by their ids."""
    with inside() as session:
        return [make_brand(session).id for _ in range(3)]


def archived(inside, ids):
    with inside() as session:
        found = select(Brand.id).where(Brand.id.in_(ids), Brand.archived_at.is_not(None))
        return len(session.scalars(found).all())


ARCHIVE = (("read", "Brand"), ("delete", "Brand"))


def start_archiving(client, token, ids):
    started = client.post("/api/v1/brands/bulk/archive", json={"ids": ids}, headers=bearer(token))
    assert started.status_code == 202, started.text
    return started.headers["Location"]


def test_work_that_a_key_starts_is_done_with_the_rights_and_the_sight_of_the_key(
    make_key, client, inside, brands, work_done, monkeypatch
):
    seen = []

    def note(session, brand, *, by, at):
        seen.append(reader())

    monkeypatch.setitem(
        client.application.extensions["crm_screens"]["BrandScreen"].bulk,
        "archive",
        BulkAction(note, "Archive"),
    )
    start_archiving(client, make_key(*ARCHIVE)[1], brands)
    work_done()
    assert {(one.rights, one.bound_as) for one in seen} == {
        (frozenset(ARCHIVE), Role.OWN_CLIENTS),
    }


def test_work_that_a_key_starts_ends_with_the_key(make_key, client, inside, brands, work_done):
    key, token = make_key(*ARCHIVE)
    mine = make_key(*ARCHIVE)[1]
    where = start_archiving(client, token, brands)
    with inside() as session:
        session.get_one(ApiKey, key.id).revoked_at = clock.now()
    work_done()
    assert archived(inside, brands) == 0
    run = client.get(where, headers=bearer(mine)).json["result"]
    assert (run["status"], run["done"]) == ("done", 0)
    assert run["reasons"] == {"The right to do this is gone.": 1}


def test_work_that_a_key_starts_ends_with_the_key_between_two_pieces(
    make_key, client, inside, brands, work_done, monkeypatch
):
    monkeypatch.setattr("app.kit.screens.jobs.PIECE", 1)
    key, token = make_key(*ARCHIVE)

    def revoke(session, brand, *, by, at):
        session.get_one(ApiKey, key.id).revoked_at = clock.now()

    monkeypatch.setitem(
        client.application.extensions["crm_screens"]["BrandScreen"].bulk,
        "archive",
        BulkAction(revoke, "Archive"),
    )
    where = start_archiving(client, token, brands)
    work_done()
    run = client.get(where, headers=bearer(make_key(*ARCHIVE)[1])).json["result"]
    assert (run["total"], run["done"]) == (3, 1)


def test_a_run_that_lacks_a_right_names_it_among_its_reasons(
    make_key, client, brands, work_done, monkeypatch
):
    def refuse(session, brand, *, by, at):
        raise MissingRight("write", "Brand")

    monkeypatch.setitem(
        client.application.extensions["crm_screens"]["BrandScreen"].bulk,
        "archive",
        BulkAction(refuse, "Archive"),
    )
    token = make_key(*ARCHIVE)[1]
    where = start_archiving(client, token, brands)
    work_done()
    (reason,) = client.get(where, headers=bearer(token)).json["result"]["reasons"]
    assert "You need the right “Add and change: Brands” for this." in reason


def test_a_key_opens_pages_within_its_scopes_only_and_nothing_about_a_person(make_key, client):
    _key, token = make_key(READ)
    pages = ("/stores/list/", "/people/list/", "/roles/add", "/api-keys/add", "/account/")
    codes = {page: client.get(page, headers=bearer(token)).status_code for page in pages}
    assert codes == {
        "/stores/list/": 200,
        "/people/list/": 403,
        "/roles/add": 403,
        "/api-keys/add": 403,
        "/account/": 302,
    }


def test_a_key_makes_no_key_and_no_role_beyond_its_scopes(make_key, client):
    scopes = (("write", "ApiKey"), ("write", "Role"), ("read", "Role"))
    _key, token = make_key(*scopes)
    form = {"name": "More", "right": ["read Client"]}
    for page in ("/api-keys/add", "/roles/add"):
        assert client.post(page, data=form, headers=bearer(token)).status_code == 403
    form = {"name": "Same", "right": ["read Role"]}
    assert client.post("/api-keys/add", data=form, headers=bearer(token)).status_code == 403


def test_a_key_has_no_more_than_its_maker_has_now(make_key, client, inside, boss):
    _key, token = make_key(READ)
    with inside() as session:
        second = make_reader(session, make_membership(session, "administrator"))
        member = session.get_one(operations.people.Membership, boss[1])
        operations.set_roles(session, member, [], by=second, at=clock.now())
    assert client.get(STORES, headers=bearer(token)).status_code == 403


def test_a_key_dies_with_its_makers_membership(make_key, client, owner_sql, boss):
    _key, token = make_key(READ)
    owner_sql("update membership set active = false where id = :id", id=boss[1])
    assert client.get(STORES, headers=bearer(token)).status_code == 401


def test_a_revoked_key_is_worthless_at_once(make_key, client, inside, boss):
    key, token = make_key(READ)
    with inside() as session:
        by = make_reader(session, session.get_one(operations.people.Membership, boss[1]))
        operations.revoke_key(session, session.get_one(ApiKey, key.id), by=by, at=clock.now())
    assert client.get(STORES, headers=bearer(token)).status_code == 401


def test_a_key_is_over_after_its_day(make_key, client):
    _key, token = make_key(READ, expires_at=clock.now() + timedelta(days=1))
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert client.get(STORES, headers=bearer(token)).status_code == 401


def test_a_key_cannot_have_what_its_maker_lacks(inside):
    with inside() as session:
        by = make_reader(session, make_membership(session, "warehouse"))
        with pytest.raises(operations.privileges.NotYours):
            operations.make_key(session, name="x", scopes=[WRITE], by=by, at=clock.now())


def test_the_use_of_a_key_is_noted_at_most_every_five_minutes(make_key, client, owner_sql):
    key, token = make_key(READ)
    start = clock.now()

    def used():
        return owner_sql("select last_used_at from api_key_use where api_key_id = :k", k=key.id)

    with clock.frozen(start):
        client.get(STORES, headers=bearer(token))
    with clock.frozen(start + timedelta(minutes=2)):
        client.get(STORES, headers=bearer(token))
    assert used()[0][0] == start
    with clock.frozen(start + timedelta(minutes=6)):
        client.get(STORES, headers=bearer(token))
    assert used()[0][0] == start + timedelta(minutes=6)


def test_a_key_is_shown_once(boss, sign_in):
    browser = sign_in(boss[0])
    page = browser.post("/api-keys/add", data={"name": "shop", "right": ["read Store"]})
    assert page.status_code == 200
    token = page.text.split("tk_")[1].split("<")[0]
    assert len(token) > 40
    assert "read Store" not in page.text
    assert "See: Stores" in page.text
    assert token not in browser.get("/api-keys/list/").text


def test_a_cookie_beside_a_token_counts_for_nothing(boss, make_key, sign_in):
    _key, token = make_key(READ)
    browser = sign_in(boss[0])
    answer = browser.post(STORES, json={"number": "78", "name": "Both"}, headers=bearer(token))
    assert answer.status_code == 403


def test_a_cookie_needs_the_csrf_token_and_a_header_does_not(boss, site, sign_in, make_key):
    browser = sign_in(boss[0])
    # A store is made by those who are bound to none.
    _key, token = make_key(READ, WRITE, OTHERS_CLIENTS)
    site.config["WTF_CSRF_ENABLED"] = True
    try:
        body = {"number": "79", "name": "Forged"}
        assert browser.post(STORES, json=body).status_code == 400
        assert browser.post("/account/", data={"first_name": "Forged"}).status_code == 400
        assert site.test_client().post(STORES, json=body, headers=bearer(token)).status_code == 201
    finally:
        site.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def both(inside):
    """The address of somebody who works for two companies."""
    with inside(1) as session:
        user = make_user(session, password=PASSWORD)
        email = make_membership(session, "owner", user_id=user).person.email
    with inside(2) as session:
        make_membership(session, "owner", user_id=user)
        make_store(session, name="Store of theirs")
    return email


def ask(client, email, password=PASSWORD, **more):
    body = {"username": email, "password": password, **more}
    return client.post("/api/v1/security/login", json=body)


@pytest.mark.parametrize("company", [{}, {"company": "nowhere"}, {"company": ""}])
def test_who_works_for_several_companies_says_for_which(both, client, owner_sql, company):
    """Not counted as wrong tries: the password was right."""
    for _n in range(7):
        answer = ask(client, both, **company)
        assert answer.status_code == 422
    (said,) = answer.json["errors"]["company"]
    assert "ours (Ours)" in said
    assert "theirs (Theirs)" in said
    opened = "select count(*) from user_session s join ab_user u on u.id = s.user_id"
    assert owner_sql(f"{opened} where u.email = :e", e=both)[0][0] == 0


def test_the_token_is_for_the_company_that_was_said(both, client):
    seen = {}
    for company in ("ours", "theirs", "ours"):
        token = ask(client, both, company=company).json["access_token"]
        seen[company] = "Store of theirs" in client.get(STORES, headers=bearer(token)).text
    assert seen == {"ours": False, "theirs": True}


def test_who_guesses_learns_of_no_company(both, client):
    answer = ask(client, both, "wrong")
    assert (answer.status_code, "ours" in answer.text) == (401, False)


def test_who_works_for_one_company_need_not_say_so_and_cannot_say_another(boss, client):
    assert ask(client, boss[0], company="ours").status_code == 200
    answer = ask(client, boss[0], company="theirs")
    assert (answer.status_code, "Theirs" in answer.text) == (422, False)
    assert ask(client, boss[0], company=7).status_code == 400


def test_every_write_without_a_sign_in_is_a_401(site):
    """A program that forgot its key was told of a missing CSRF token."""
    site.config["WTF_CSRF_ENABLED"] = True
    over = site.test_client()
    with over.session_transaction() as cookie:
        cookie["sid"] = "of a session that is over"
    tried = 0
    try:
        for rule in site.url_map.iter_rules():
            if not rule.rule.startswith("/api/") or "/security/" in rule.rule:
                continue
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            path = re.sub(r"<[^>]+>", "x", path)
            for method in sorted(rule.methods & {"POST", "PUT", "PATCH", "DELETE"}):
                for browser in (site.test_client(), over):
                    answer = browser.open(path, method=method, json={})
                    assert answer.status_code == 401, (method, path)
                    assert answer.json["title"] == "You are not signed in"
                    tried += 1
    finally:
        site.config["WTF_CSRF_ENABLED"] = False
    assert tried > 100


def test_a_key_is_revoked_for_good_when_its_maker_is_let_out(make_key, boss, client, owner_sql):
    token = make_key(READ)[1]
    assert client.get(STORES, headers=bearer(token)).status_code == 200
    change = "update membership set active = :active where id = :id"
    owner_sql(change, active=False, id=boss[1])
    assert client.get(STORES, headers=bearer(token)).status_code == 401
    owner_sql(change, active=True, id=boss[1])
    assert client.get(STORES, headers=bearer(token)).status_code == 401
    found = owner_sql("select revoked_at from api_key where membership_id = :id", id=boss[1])
    assert all(one.revoked_at for one in found)
    fresh = make_key(READ)[1]
    owner_sql("update membership set changed_at = now() where id = :id", id=boss[1])
    assert client.get(STORES, headers=bearer(fresh)).status_code == 200


def test_whom_no_company_lets_in_gets_no_token(boss, client, owner_sql):
    refresh = tokens(client, boss[0], refresh=True)["refresh_token"]
    owner_sql("update membership set active = false where id = :id", id=boss[1])
    body = {"username": boss[0], "password": PASSWORD}
    answer = client.post("/api/v1/security/login", json=body)
    assert (answer.status_code, "access_token" in answer.json) == (403, False)
    assert answer.json["detail"] == "No company is open to you. Ask whoever invited you."
    alive = "select 1 from user_session s join ab_user u on u.id = s.user_id"
    alive += " where u.email = :email and s.ended_at is null"
    assert owner_sql(alive, email=boss[0]) == []
    asked = client.post("/api/v1/security/refresh", headers=bearer(refresh))
    assert asked.status_code == 401
