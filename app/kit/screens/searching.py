"""The search behind lists and lookups.

Ids by what somebody typed, through the table's search function.
"""

import re

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.database.install.search import function_for
from app.kit.phone import home, phone_digits, phone_keys

MOST_WORDS = 6
_NUMBER = re.compile(r"[\d\s()+/.\-]+")


def find(session: Session, table: Table, words: str, most: int) -> list[int]:
    """Up to `most` ids: what holds the text as it was typed.

    Else its digits, else each of its words.
    """
    found = _ask(session, table, words, most)
    if found:
        return found
    if _NUMBER.fullmatch(words):
        return _by_digits(session, table, words, most)
    parts = list(dict.fromkeys(words.split()))
    if not 1 < len(parts) <= MOST_WORDS:
        return []
    # “Anna Weber” is also found as “Weber, Anna”.
    hits = [set(_ask(session, table, part, most)) for part in parts]
    return sorted(set.intersection(*hits))


def _by_digits(session: Session, table: Table, words: str, most: int) -> list[int]:
    """Find a phone number as people write and dictate it: +49 (176) 12-34, 0049 176…, 0176…."""
    digits = phone_digits(words)
    if digits != words and len(digits) > 2:
        found = _ask(session, table, digits, most)
        if found:
            return found
    if not _has_phones(table):
        return []
    for key in phone_keys(words, (home(session),)):
        found = _ask(session, table, key, most)
        if found:
            return found
    return []


def _has_phones(table: Table) -> bool:
    """Whether the search looks through phones, and this reader may know whose one is."""
    columns = [table.metadata.tables[one.table].c[one.column] for one in table.info["search"]]
    return any(one.info.get("phones") and may("read", one.info.get("guard", "")) for one in columns)


def _ask(session: Session, table: Table, words: str, most: int) -> list[int]:
    # The function returns ids only; our own SELECT by them is under the policies again.
    name = function_for(table, lambda guard: may("read", guard))
    return list(session.scalars(select(getattr(func.search, name)(words, most))))
