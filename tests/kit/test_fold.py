"""`fold` gives the same key in Python and in PostgreSQL, for every letter there is."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.fold import fold

SAME = text("select item, fold(item) from unnest(cast(:items as text[])) as item")
# Letters that this Python's tables know; a newer PostgreSQL may know more.
KNOWN = [
    chr(code)
    for code in range(1, 0x110000)
    if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}
]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Müller", "muller"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ẞ", "ss"),
        ("Ørsted", "orsted"),
        ("Łódź", "lodz"),
        ("Đorđe", "dorde"),
        ("IŞIK ışık İzmir", "isik isik izmir"),
        ("Ængus Œuvre Þór", "aengus oeuvre thor"),
        ("São João", "sao joao"),
        ("Пётр", "петр"),
        ("Їжак", "їжак"),
        ("Чайка", "чайка"),
        ("Чаи\u0306ка", "чайка"),
        ("Ґанок", "ґанок"),
        ("ДЯДЬКО У́мань", "дядько умань"),
        ("Знам’янка Знамʼянка", "знам'янка знам'янка"),
        ("ﬁne Ｆｕｌｌ", "fine full"),
        ("ΟΔΟΣ", "οδοσ"),
        ("", ""),
    ],
)
def test_names_that_people_type_alike_have_one_key(name: str, key: str) -> None:
    assert fold(name) == key


def test_letters_that_only_look_marked_stay_letters() -> None:
    assert len({fold(letter) for letter in "ЙИЇІЎУ"}) == 6


def assert_same(session: Session, items: list[str]) -> None:
    differing = {
        item: (fold(item), key)
        for item, key in session.execute(SAME, {"items": items})
        if fold(item) != key
    }
    assert differing == {}


def test_every_letter_of_unicode_has_the_same_key_on_both_sides(session: Session) -> None:
    assert len(KNOWN) > 140_000
    assert_same(session, KNOWN)


def test_letters_in_company_have_the_same_key_on_both_sides(session: Session) -> None:
    chosen = random.Random(20261121)
    letters = [c for c in KNOWN if ord(c) < 0x2500] + list("йїўЙЇЎ\u0306\u0308\u0301") * 20
    assert_same(session, ["".join(chosen.choices(letters, k=8)) for _ in range(20_000)])


@given(st.text())
def test_a_key_is_its_own_key(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_the_database_may_keep_the_key_in_a_generated_column(session: Session) -> None:
    declared = session.execute(
        text("select provolatile, proisstrict, proparallel from pg_proc where proname = 'fold'")
    ).one()
    assert tuple(declared) == ("i", True, "s")
    assert session.scalar(text("select fold(null)")) is None
