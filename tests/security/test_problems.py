"""Refusals of the API: one shape for every status, in the caller's language, with a name."""

import re
import socket
import threading
from contextlib import suppress

import pytest
from flask_babel import force_locale, gettext

from app.kit import logs
from app.kit.jobs import queues
from app.kit.problems import MIMETYPE
from tests.security.test_api_access import (  # noqa: F401 -- its fixtures
    READ,
    STORES,
    WRITE,
    bearer,
    boss,
    make_key,
    tokens,
)

SHAPE = {"type", "title", "status", "detail", "instance", "errors"}
LOGIN = "/api/v1/security/login"


@pytest.fixture
def key(make_key):
    # Who sees not all clients is bound, and makes no stores.
    return bearer(make_key(READ, WRITE, ("read", "others_clients"))[1])


def assert_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.mimetype == MIMETYPE
    assert set(answer.json) == SHAPE
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert answer.json["type"].startswith("urn:tresen:problem:")
    assert answer.json["instance"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("status", "method", "path", "more"),
    [
        (400, "get", STORES, {"query_string": {"q": "((("}}),
        (400, "post", STORES, {"data": "{", "content_type": "application/json"}),
        (403, "delete", f"{STORES}1", {}),
        (404, "get", f"{STORES}999999", {}),
        (404, "get", "/api/v1/no-such-thing", {}),
        (404, "get", "/api/", {}),
        (404, "get", "/api/v9/_openapi", {}),
        (405, "put", STORES, {"json": {}}),
        (405, "put", LOGIN, {"json": {}}),
        (415, "post", STORES, {"data": "number=1"}),
        (422, "post", STORES, {"json": {"nothing": 1}}),
    ],
)
def test_every_refusal_is_a_problem(client, key, status, method, path, more):
    answer = getattr(client, method)(path, headers=key, **more)
    assert_problem(answer, status)
    assert (status == 405) == ("Allow" in answer.headers)


@pytest.mark.parametrize("path", [STORES, "/api/v1/_openapi", f"{STORES}_info", f"{STORES}1"])
@pytest.mark.parametrize("token", [None, "tk_no", "no", "a.b.c"])
def test_nobody_is_told_to_sign_in(client, path, token):
    answer = client.get(path, headers=bearer(token) if token else {})
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("status", "path", "more"),
    [
        (400, LOGIN, {"data": "x", "content_type": "application/json"}),
        (
            401,
            LOGIN,
            {"json": {"username": "nobody@example.com", "password": "wrong", "provider": "db"}},
        ),
        (401, "/api/v1/security/refresh", {}),
        (401, "/api/v1/security/refresh", {"headers": bearer("x")}),
    ],
)
def test_signing_in_refuses_in_the_same_shape(client, status, path, more):
    assert_problem(client.post(path, **more), status)


def test_too_many_tries_are_a_problem_too(client):
    body = {"username": "nobody@example.com", "password": "wrong", "provider": "db"}
    answers = [client.post(LOGIN, json=body) for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert_problem(refused[0], 429)


def test_what_is_too_large_is_a_problem(client, key, site, monkeypatch):
    monkeypatch.setitem(site.config, "MAX_CONTENT_LENGTH", 10)
    assert_problem(client.post(STORES, json={"name": "x" * 100}, headers=key), 413)


def test_a_fault_is_a_problem_that_says_nothing_of_itself(client, key, monkeypatch, caplog):
    def broken(*_args):
        raise ValueError("secret")

    monkeypatch.setattr("app.kit.rest.listing.selected", broken)
    answer = client.get(STORES, headers=key)
    assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def in_german(client, words):
    with client.application.test_request_context(), force_locale("de"):
        return gettext(words)


def test_a_key_and_a_stranger_read_the_language_they_ask_for(client, key):
    german = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
    assert client.get(STORES, headers=german).json["detail"] == in_german(client, "Please sign in.")
    answer = client.get(f"{STORES}999999", headers={**key, **german})
    assert answer.json["detail"] == in_german(client, "This was not found.")
    assert "Set-Cookie" not in answer.headers
    assert client.get(f"{STORES}999999", headers=key).json["detail"] == "This was not found."


def test_a_person_reads_their_own_language(boss, client, owner_sql):
    access = tokens(client, boss[0])["access_token"]
    owner_sql("update ab_user set locale = 'de' where email = :email", email=boss[0])
    asked = {**bearer(access), "Accept-Language": "uk"}
    answer = client.get(f"{STORES}999999", headers=asked)
    assert answer.json["detail"] == in_german(client, "This was not found.")


@pytest.mark.parametrize("given", ["order-7.a_B", "0" * 64])
def test_a_callers_name_of_the_request_is_kept(client, given, key, owner_sql, caplog):
    caplog.set_level("INFO", logs.__name__)
    number = given[:9]
    sent = {**key, "X-Request-Id": given}
    answer = client.post(STORES, json={"number": number, "name": "N"}, headers=sent)
    assert (answer.status_code, answer.headers["X-Request-Id"]) == (201, given)
    noted = owner_sql("select table_name from audit_entry where request_id = :id", id=given)
    assert ("store",) in noted
    assert "POST /api/v1/stores/ 201" in caplog.text


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "ü", "-x", "<b>", "a/../b", "a\tb"])
def test_a_name_that_could_not_stand_in_a_log_is_replaced(client, given):
    found = client.get("/api/v1/nothing", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert found != given
    assert re.fullmatch("[0-9a-f]{24}", found)


def test_pages_and_files_bear_a_name_as_well(client):
    for path in ("/login/", "/no-such-page", "/health"):
        assert client.get(path).headers["X-Request-Id"]


def test_the_log_names_the_request(site):
    record = logs.logging.LogRecord("app", 20, "", 1, "said", (), None)
    with site.test_request_context(headers={"X-Request-Id": "mine"}):
        assert logs._named(record)
    assert logs.logging.Formatter(logs.FORMAT).format(record).endswith("app [mine]: said")


@pytest.fixture
def counted(site, server, monkeypatch):
    """Ten calls a minute, counted by a Valkey that is there."""
    monkeypatch.setitem(site.config, "API_RATE_LIMIT", 10)
    site.extensions["rate_quiet_until"] = 0.0
    queues.bind(server.redis_url)
    yield
    queues.bind(site.config["CRM"].redis_url)


def test_a_burst_gets_its_share_and_then_learns_how_long_to_wait(site, key, counted, make_key):
    answers = []

    def call():
        browser = site.test_client()
        answers.extend(browser.get(STORES, headers=key) for _ in range(8))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (10, 22)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert_problem(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Policy"] == '"calls";q=10;w=60'
    assert re.fullmatch(r'"calls";r=0;t=\d+', refused.headers["RateLimit"])
    other = site.test_client().get(STORES, headers=bearer(make_key(READ)[1]))
    assert (other.status_code, other.headers["RateLimit"][:13]) == (200, '"calls";r=9;t')


def test_a_key_is_counted_wherever_it_comes(site, key, counted):
    for _ in range(10):
        site.test_client().get(STORES, headers=key)
    for path in ("/clients/list/", "/stores/list/", "/no-such-page", STORES):
        answer = site.test_client().get(path, headers=key)
        assert (answer.status_code, answer.headers["RateLimit"][:9]) == (429, '"calls";r'), path
    assert "RateLimit" not in site.test_client().get("/login/").headers


@pytest.mark.parametrize("token", ["tk_no", "no", "a.b.c"])
def test_wrong_tokens_are_counted_by_their_address(site, key, counted, token):
    where = {"REMOTE_ADDR": f"192.0.2.{sum(token.encode()) % 250}"}

    def call(headers):
        return site.test_client().get(STORES, headers=headers, environ_overrides=where)

    answers = [call(bearer(token)) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert all("RateLimit" in answer.headers for answer in answers)
    assert_problem(answers[-1], 429)
    assert answers[-1].headers["Retry-After"]
    assert call(key).status_code == 200


def test_without_valkey_nobody_is_counted_and_everybody_served(site, client, key, monkeypatch):
    monkeypatch.setitem(site.config, "API_RATE_LIMIT", 1)
    answers = [client.get(STORES, headers=key) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert "RateLimit" not in answers[-1].headers


def test_a_valkey_that_fails_is_left_alone_for_a_moment(site, counted, key):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as broken:

        def hang_up():
            with suppress(OSError):
                while True:
                    broken.accept()[0].close()
                    asked.append(1)

        threading.Thread(target=hang_up, daemon=True).start()
        queues.bind(f"redis://127.0.0.1:{broken.getsockname()[1]}/0")
        browser = site.test_client()
        assert browser.get(STORES, headers=key).status_code == 200
        once = len(asked)
        assert [browser.get(STORES, headers=key).status_code for _ in range(5)] == [200] * 5
        assert len(asked) == once > 0


DEEP = '{"username": ' + "[" * 50_000 + "]" * 50_000 + "}"


@pytest.mark.parametrize("path", [LOGIN, STORES])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, "[" * 200_000),
        (400, DEEP),
        (400, b"\xff\xfe{"),
        (400, '{"username": ' + "9" * 5000 + "}"),
        (400, '{"username": NaN}'),
        (413, b" " * (60 * 2**20)),
    ],
    ids=["open brackets", "deep", "no text", "long number", "no number", "60 MB"],
)
def test_a_body_that_nobody_can_read_is_a_problem_at_every_address(client, key, path, status, body):
    answer = client.post(path, data=body, content_type="application/json", headers=key)
    assert_problem(answer, status)


def test_a_sign_in_that_is_no_json_is_told_so(client):
    assert_problem(client.post(LOGIN, data={"username": "a", "password": "b"}), 415)


@pytest.mark.parametrize(
    ("body", "status"), [("[" * 200_000, 401), (b" " * (60 * 2**20), 413)], ids=["deep", "60 MB"]
)
def test_a_fresh_token_is_given_or_refused_whatever_the_body(client, body, status):
    path = "/api/v1/security/refresh"
    answer = client.post(path, data=body, content_type="application/json")
    assert_problem(answer, status)
