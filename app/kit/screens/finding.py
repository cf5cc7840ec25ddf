"""The search behind lists and lookups.

Ids by what somebody typed, through the table's search function.
"""

import re

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.database.install.search import function_for
from app.kit.phone import phone_digits

MOST_WORDS = 6
_NUMBER = re.compile(r"[\d\s()+/.\-]+")


def find(session: Session, table: Table, words: str, most: int) -> list[int]:
    """Up to `most` ids: what holds the text as it was typed.

    Else its digits, else each of its words.
    """
    found = _ask(session, table, words, most)
    if found:
        return found
    digits = phone_digits(words)
    if _NUMBER.fullmatch(words) and digits != words and len(digits) > 2:
        # A phone number as people write it, +49 (176) 12-34.
        return _ask(session, table, digits, most)
    parts = list(dict.fromkeys(words.split()))
    if not 1 < len(parts) <= MOST_WORDS:
        return []
    # “Anna Weber” is also found as “Weber, Anna”.
    hits = [set(_ask(session, table, part, most)) for part in parts]
    return sorted(set.intersection(*hits))


def _ask(session: Session, table: Table, words: str, most: int) -> list[int]:
    # The function returns ids only; our own SELECT by them is under the policies again.
    name = function_for(table, lambda guard: may("read", guard))
    return list(session.scalars(select(getattr(func.search, name)(words, most))))
