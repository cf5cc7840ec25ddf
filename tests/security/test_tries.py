"""Who is shut out by wrong passwords: whoever typed them, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from app.kit import clock
from app.kit.security.devices import COOKIE, MOST
from tests.company.factories import PASSWORD, make_membership

_numbers = count(1)
HOME, OFFICE = "203.0.113.1", "198.51.100.7"


@pytest.fixture
def ada(inside) -> str:
    with inside() as session:
        email = f"tried{next(_numbers)}@example.com"
        return make_membership(session, "cashier", email=email, password=PASSWORD).person.email


def come(browser: Any, email: str, network: str, password: str = PASSWORD) -> int:
    """The status of a sign-in from that network; 302 is in."""
    form = {"login": email, "password": password}
    where = {"REMOTE_ADDR": network}
    browser.get("/logout/")
    answer = browser.post("/login/", data=form, environ_base=where)
    if answer.status_code == 302:
        browser.post("/logout/", environ_base=where)
    return int(answer.status_code)


def guess(site: Any, email: str, network: str, times: int = 5) -> set[int]:
    return {come(site.test_client(), email, network, "wrong") for _n in range(times)}


def guess_from_everywhere(site: Any, email: str) -> None:
    """Five wrong tries from each of many networks: more than the account takes in all."""
    for number in range(11):
        guess(site, email, f"192.0.2.{number}")


@pytest.fixture
def known(site, ada) -> Any:
    """A browser in which Ada has signed in before."""
    browser = site.test_client()
    assert come(browser, ada, HOME) == 302
    return browser


def test_wrong_tries_from_one_network_shut_out_that_network_only(site, ada):
    assert guess(site, ada, OFFICE, 5) == {401}
    assert come(site.test_client(), ada, OFFICE) == 429
    assert come(site.test_client(), ada, HOME) == 302


def test_however_often_one_network_tries_others_are_not_shut_out(site, ada):
    guess(site, ada, OFFICE, 80)
    assert come(site.test_client(), ada, HOME) == 302


def test_a_known_device_gets_in_from_the_network_of_whoever_guesses(site, ada, known):
    guess(site, ada, OFFICE, 70)
    assert come(known, ada, OFFICE) == 302


def test_guesses_from_many_networks_are_bounded_and_shut_out_no_known_device(site, ada, known):
    guess_from_everywhere(site, ada)
    assert come(site.test_client(), ada, "192.0.2.200") == 429
    assert come(known, ada, "192.0.2.200") == 302
    # That the owner got in forgives nobody else's guesses.
    assert come(site.test_client(), ada, "192.0.2.201") == 429
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert come(site.test_client(), ada, "192.0.2.200") == 302


def test_guesses_at_one_account_shut_out_no_other(site, ada, inside):
    guess_from_everywhere(site, ada)
    with inside() as session:
        other = make_membership(session, "cashier", password=PASSWORD).person.email
    assert come(site.test_client(), other, "192.0.2.200") == 302


def test_tries_that_are_refused_prolong_no_pause(site, ada):
    now = clock.now()
    with clock.frozen(now):
        guess(site, ada, OFFICE)
    with clock.frozen(now + timedelta(minutes=10)):
        assert guess(site, ada, OFFICE, 3) == {429}
    with clock.frozen(now + timedelta(minutes=16)):
        assert come(site.test_client(), ada, OFFICE) == 302


def test_a_right_password_forgives_its_network_no_guesses_at_others(site, ada):
    for number in range(11):
        guess(site, f"nobody{number}@example.com", OFFICE)
    assert come(site.test_client(), ada, OFFICE) == 302
    assert guess(site, "nobody11@example.com", OFFICE) == {401}
    assert guess(site, "nobody12@example.com", OFFICE, 1) == {429}


def test_a_right_password_forgives_its_account_no_guesses_of_others(site, ada):
    for number in range(9):
        guess(site, ada, f"192.0.2.{number}")
    assert come(site.test_client(), ada, HOME) == 302
    assert guess(site, ada, OFFICE) == {401}
    assert come(site.test_client(), ada, "192.0.2.200") == 429


def test_a_known_device_may_try_five_times_as_well_and_stops_itself_only(site, ada, known):
    assert {come(known, ada, HOME, "wrong") for _n in range(5)} == {401}
    assert come(known, ada, OFFICE) == 429
    assert come(site.test_client(), ada, HOME) == 302


def test_a_device_is_known_to_those_who_signed_in_there_and_to_nobody_else(
    site, ada, known, inside
):
    with inside() as session:
        other = make_membership(session, "cashier", password=PASSWORD).person.email
    guess_from_everywhere(site, other)
    assert come(known, other, HOME) == 429


@pytest.mark.parametrize("forged", ["x", "eyJhIjoiYiJ9.abc", ""])
def test_a_forged_device_is_unknown(site, ada, known, forged):
    guess(site, ada, OFFICE)
    browser = site.test_client()
    browser.set_cookie(COOKIE, forged)
    assert come(browser, ada, OFFICE) == 429


def test_a_device_of_many_keeps_the_last_of_them(site, ada, known, inside):
    for _n in range(MOST):
        with inside() as session:
            email = make_membership(session, "cashier", password=PASSWORD).person.email
        assert come(known, email, f"198.51.100.{next(_numbers) + 20}") == 302
    assert len(known.get_cookie(COOKIE).value) < 2000
    guess_from_everywhere(site, ada)
    assert come(known, ada, HOME) == 429


def wish(site: Any, email: str, network: str, times: int = 1) -> None:
    """Ask for a link to a new password from that network."""
    for _n in range(times):
        site.test_client().post(
            "/forgotten/", data={"email": email}, environ_base={"REMOTE_ADDR": network}
        )


def test_wishes_of_others_keep_nobody_from_the_link_to_a_new_password(site, ada, mails, work_done):
    wish(site, ada, OFFICE, 40)
    work_done()
    assert len(mails) == 3
    wish(site, ada, HOME)
    work_done()
    assert len(mails) == 4


def test_a_network_that_is_refused_uses_up_no_addresss_links(site, ada, mails, work_done):
    for number in range(20):
        wish(site, f"nobody{number}@example.com", OFFICE)
    wish(site, ada, OFFICE, 40)
    work_done()
    assert mails == []
    wish(site, ada, HOME)
    work_done()
    assert len(mails) == 1


def test_links_to_one_address_are_bounded_from_wherever_they_are_wished(
    site, ada, mails, work_done
):
    for number in range(12):
        wish(site, ada, f"192.0.2.{number}", 3)
    work_done()
    assert len(mails) == 30


def test_a_new_password_by_a_link_forgives_all(site, ada, client, mails, work_done):
    guess_from_everywhere(site, ada)
    client.post("/forgotten/", data={"email": ada})
    work_done()
    new = "ganz-neue-Leine-8"
    assert client.post(mails[0].link, data={"password": new}).status_code == 302
    assert come(site.test_client(), ada, "192.0.2.1", new) == 302
