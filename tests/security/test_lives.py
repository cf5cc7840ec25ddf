"""How long sessions and keys live: so long without use, and so long at most."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from app.company import operations
from app.company.models import ApiKey, Membership
from app.kit import clock
from app.kit.security import auth_functions
from config import Config
from tests.company.factories import PASSWORD, make_membership, make_reader

STORES, LOGIN = "/api/v1/stores/", "/api/v1/security/login"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1)


@pytest.fixture
def member(inside) -> tuple[str, int]:
    with inside() as session:
        email = f"lives{next(_numbers)}@example.com"
        made = make_membership(session, "owner", email=email, password=PASSWORD)
        return email, made.id


@pytest.fixture
def lives():
    """A function that changes how long sessions live, for this test."""
    before = auth_functions._lives
    yield lambda **values: auth_functions.use_lives(replace(before, **values))
    auth_functions.use_lives(before)


def is_in(browser) -> bool:
    return browser.get("/start/").status_code == 200


def test_a_session_that_is_used_ends_after_a_week_all_the_same(member, sign_in):
    browser, start = sign_in(member[0]), clock.now()
    for hours in range(11, 167, 11):
        with clock.frozen(start + hours * HOUR):
            assert is_in(browser), hours
    with clock.frozen(start + 7 * DAY + HOUR):
        assert not is_in(browser)


def test_a_device_that_stays_ends_after_a_month_without_a_click_and_after_ninety_days(
    member, sign_in
):
    browser, idle, start = sign_in(member[0], stays="y"), sign_in(member[0], stays="y"), clock.now()
    for days in (25, 50, 75, 89):
        with clock.frozen(start + days * DAY):
            assert is_in(browser), days
    with clock.frozen(start + 31 * DAY):
        assert not is_in(idle)
    with clock.frozen(start + 90 * DAY + HOUR):
        assert not is_in(browser)


@pytest.mark.parametrize(
    "shorter", [{"idle": (HOUR, HOUR)}, {"oldest": (HOUR, HOUR)}], ids=["idle", "oldest"]
)
def test_a_shorter_life_counts_for_those_who_are_in(member, sign_in, lives, shorter):
    browser, start = sign_in(member[0]), clock.now()
    lives(**shorter)
    with clock.frozen(start + 2 * HOUR):
        assert not is_in(browser)


def test_the_list_of_sessions_says_the_end(member, sign_in, owner_sql):
    browser, start = sign_in(member[0]), clock.now()
    asked = "select expires_at - created_at from user_session where membership_id = :m"
    assert owner_sql(asked, m=member[1])[0][0] == 12 * HOUR
    for hours in range(11, 167, 11):
        with clock.frozen(start + hours * HOUR):
            is_in(browser)
    assert owner_sql(asked, m=member[1])[0][0] == 7 * DAY


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def renewed(client, token: str, at) -> int:
    with clock.frozen(at):
        return client.post("/api/v1/security/refresh", headers=bearer(token)).status_code


def test_refreshing_ends_with_the_session(member, client):
    body = {"username": member[0], "password": PASSWORD, "refresh": True}
    token, start = client.post(LOGIN, json=body).json["refresh_token"], clock.now()
    idle = client.post(LOGIN, json=body).json["refresh_token"]
    assert [renewed(client, token, start + days * DAY) for days in (25, 50, 75, 91)] == [
        200,
        200,
        200,
        401,
    ]
    assert renewed(client, idle, start + 31 * DAY) == 401


def test_an_access_token_opens_nothing_after_the_end_of_its_session(member, client, lives):
    body = {"username": member[0], "password": PASSWORD}
    token, start = client.post(LOGIN, json=body).json["access_token"], clock.now()
    lives(idle=(timedelta(minutes=10), DAY))
    with clock.frozen(start + timedelta(minutes=9)):
        assert client.get(STORES, headers=bearer(token)).status_code == 200
    with clock.frozen(start + timedelta(minutes=20)):
        assert client.get(STORES, headers=bearer(token)).status_code == 401


@pytest.fixture
def key(inside, member) -> tuple[int, str]:
    with inside() as session:
        by = make_reader(session, session.get_one(Membership, member[1]))
        made, token = operations.make_key(
            session, name=f"Lives {member[1]}", scopes=[("read", "Store")], by=by, at=clock.now()
        )
        return made.id, token


def opens(client, token: str, at) -> bool:
    with clock.frozen(at):
        return client.get(STORES, headers=bearer(token)).status_code == 200


def test_a_key_that_nobody_uses_ends_where_that_is_configured(key, client, lives):
    start = clock.now()
    assert opens(client, key[1], start + 400 * DAY)
    lives(key_idle=30 * DAY)
    assert not opens(client, key[1], start + 431 * DAY)
    assert opens(client, key[1], start + 425 * DAY)
    assert opens(client, key[1], start + 450 * DAY)
    assert not opens(client, key[1], start + 481 * DAY)


def test_a_key_that_was_never_used_is_counted_from_its_making(key, client, lives):
    lives(key_idle=30 * DAY)
    assert not opens(client, key[1], clock.now() + 31 * DAY)


def test_the_last_use_is_on_the_list_and_a_refused_one_is_none(
    key, client, inside, member, sign_in, owner_sql
):
    assert opens(client, key[1], clock.now())
    used = "select last_used_at from api_key_use where api_key_id = :k"
    before = owner_sql(used, k=key[0])
    assert "Last used" in sign_in(member[0]).get("/api-keys/list/").text
    with inside() as session:
        by = make_reader(session, session.get_one(Membership, member[1]))
        operations.revoke_key(session, session.get_one(ApiKey, key[0]), by=by, at=clock.now())
    assert not opens(client, key[1], clock.now() + HOUR)
    assert owner_sql(used, k=key[0]) == before


def test_how_long_is_configured():
    made = Config.from_env({"SESSION_IDLE_HOURS": "2", "STAYS_DAYS": "10", "SECRET_KEY": "s" * 40})
    assert (made.session_idle_hours, made.session_days, made.stays_days) == (2, 7, 10)
    assert made.flask_settings()["JWT_REFRESH_TOKEN_EXPIRES"] == 10 * DAY
