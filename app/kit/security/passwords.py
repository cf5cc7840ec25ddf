"""Passwords: which are good enough, how they are kept, and comparing them in even time."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash, generate_password_hash

from app.kit.errors import Invalid

SHORTEST, LONGEST = 10, 200
METHOD = "scrypt"


@cache
def _common() -> frozenset[str]:
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(path.read_text("utf-8").split())


def check_strength(password: str, email: str, *names: str) -> None:
    """Raise Invalid for a password that is short, common, or made of the address or name."""
    if len(password) < SHORTEST:
        raise Invalid(_l("A password has at least %(n)d characters.", n=SHORTEST), field="password")
    if len(password) > LONGEST or "\0" in password:
        raise Invalid(_l("A password has at most %(n)d characters.", n=LONGEST), field="password")
    plain = password.casefold()
    if _is_common(plain):
        raise Invalid(_l("This password is on every list of common ones."), field="password")
    parts = [email, email.partition("@")[0], *names]
    if any(len(part) > 3 and part.casefold() == plain.strip("0123456789!?.-_") for part in parts):
        raise Invalid(_l("The password must not be your name or address."), field="password")


def _is_common(plain: str) -> bool:
    # "qwertyqwerty", "aaaaaaaaaa": long only by repetition.
    for size in range(1, len(plain) // 2 + 1):
        if len(plain) % size == 0 and plain == plain[:size] * (len(plain) // size):
            return size < 7
    bare = plain.rstrip("0123456789!?.")
    return plain in _common() or (bare in _common() and len(plain) - len(bare) <= 6)


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
