"""Passwords: which are good enough, how they are kept, and comparing them in even time.

How hard one is to guess tells zxcvbn, which knows the common ones, words, names, dates, keyboards
and repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash, generate_password_hash

from app.kit.errors import Invalid

SHORTEST, LONGEST = 10, 200
METHOD = "scrypt"
# Guesses: zxcvbn's "safely unguessable", and a hundred times that where words of the person's are
# in it.
BY_ANYBODY, BY_WHO_KNOWS = 10**8, 10**10
LOOKED_AT = 72


def check_strength(password: str, *personal: str) -> None:
    """Raise Invalid for a password that is short or that somebody would guess.

    `personal` is what anybody knows about the person: address, names, company.
    """
    if len(password) < SHORTEST:
        raise Invalid(_l("A password has at least %(n)d characters.", n=SHORTEST), field="password")
    if len(password) > LONGEST or "\0" in password:
        raise Invalid(_l("A password has at most %(n)d characters.", n=LONGEST), field="password")
    guesses, by_person = _guesses(password, personal)
    if by_person and guesses < BY_WHO_KNOWS:
        raise Invalid(
            _l("The password must not be made of names or addresses of yours or your company's."),
            field="password",
        )
    if guesses < BY_ANYBODY:
        raise Invalid(
            _l(
                "This password is easy to guess: it is made of common words, dates or patterns."
                " A sentence of several words is better."
            ),
            field="password",
        )


def _guesses(password: str, personal: Sequence[str]) -> tuple[Decimal, bool]:
    """Return how many guesses the password takes, and whether it has words of the person's."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 -- its lists of words are read when it is imported

    # What is beyond could only make it stronger, and would cost a thread seconds.
    found = zxcvbn(password[:LOOKED_AT], _words(personal))
    theirs = [one for one in found["sequence"] if one.get("dictionary_name") == "user_inputs"]
    return Decimal(found["guesses"]), bool(theirs)


def _words(personal: Sequence[str]) -> list[str]:
    parts = (
        part for one in personal for part in (one, one.partition("@")[0], *re.split(r"\W+|_", one))
    )
    return ["tresen", *(part.casefold()[:LOOKED_AT] for part in parts if len(part) > 2)]


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return generate_password_hash(password, method=METHOD)


@cache
def _nobodys() -> str:
    return generate_password_hash("nobody's", method=METHOD)


def is_password(known: str | None, password: str) -> bool:
    """Compare; without a known hash it takes as long and is False."""
    # Programs send anything: half characters cannot be hashed, and megabytes take their time.
    if len(password) > LONGEST or any("\ud800" <= letter <= "\udfff" for letter in password):
        password = ""
    right = check_password_hash(known or _nobodys(), password)
    return right and known is not None and password != ""
