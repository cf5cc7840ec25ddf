"""Which passwords are taken: by how hard they are to guess, for whoever knows the person too."""

import contextlib
import time

import pytest
from sqlalchemy import text

from app.kit.errors import Invalid
from app.kit.security.passwords import LONGEST, check_strength
from tests.company.factories import PASSWORD, make_membership

PERSON = ("ada.lovelace@example.com", "Ada", "Lovelace", "Harbour & Hook")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-7x", "at least 10"),
        ("passwordpassword", "easy to guess"),
        ("password123", "easy to guess"),
        ("qwertyqwerty", "easy to guess"),
        ("p4ssw0rd!p4ssw0rd!", "easy to guess"),
        ("1234567890", "easy to guess"),
        ("aaaaaaaaaaaa", "easy to guess"),
        ("їїїїїїїїїїїї", "easy to guess"),
        ("iloveyou2012!", "easy to guess"),
        ("Tresen2026!", "names or addresses"),
        ("adalovelace12", "names or addresses"),
        ("Lovelace1815!", "names or addresses"),
        ("ada.lovelace@example.com", "names or addresses"),
        ("HarbourAndHook1", "names or addresses"),
        ("x" * (LONGEST + 1), "at most"),
        ("eine-lange-Leine-7\0", "at most"),
    ],
)
def test_what_somebody_would_guess_is_refused(password, why):
    with pytest.raises(Invalid, match=why):
        check_strength(password, *PERSON)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "vier Leinen am Kai im Regen", "Їжачок-у-тумані-77", "Ada hat 3 Möwen am Seil", "k7#Qz!m2Wp"],
)  # fmt: skip
def test_what_nobody_would_guess_is_taken(password):
    check_strength(password, *PERSON)


@pytest.mark.parametrize("piece", ["p4ssw0rd!", "@$0O1!|", "aB3$", "qwertz", "01.01.2000"])
def test_a_long_one_is_measured_in_no_time(piece):
    start = time.monotonic()
    for _n in range(3):
        with contextlib.suppress(Invalid):
            check_strength((piece * LONGEST)[:LONGEST], *PERSON)
    assert time.monotonic() - start < 3


def test_a_link_for_a_new_password_knows_the_person_and_the_company(
    inside, client, mails, work_done
):
    with inside() as session:
        make_membership(session, "owner", email="reset-me@example.com", password=PASSWORD)
        name = session.scalar(text("select name from company"))
    client.post("/forgotten/", data={"email": "reset-me@example.com"})
    work_done()
    for weak in ("reset-me-2026", f"{name}{name}123", "passwordpassword"):
        assert client.post(mails[0].link, data={"password": weak}).status_code == 422, weak
    assert client.post(mails[0].link, data={"password": "ganz-neue-Leine-8"}).status_code == 302
