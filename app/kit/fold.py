"""`fold`: the key under which names are sorted and searched, the same in Python and in PostgreSQL.

Lower case; accents and other marks removed (é is e, ё is е); compatibility forms opened (ﬁ is fi,
full width is plain); letters without a decomposition mapped to what people type for them (ß ss, ø
o, ł l, đ d, ı i, æ ae); the apostrophes of Ukrainian names made one. Three Cyrillic letters merely
look like a letter with a mark and are none: й, ї and ў stay themselves, else Чайка would sort among
Чаи… and їжа be found under іжа.

Both sides are built from the tables below. `lower` is the one difference that could creep in:
PostgreSQL's runs under its builtin collation pg_c_utf8 whatever the database's own is, and both
know every letter of Unicode 14.
"""

import re
import unicodedata

# Letters that keep their mark, as decomposition leaves them: и + breve, і + diaeresis, у + breve.
_KEPT = {"\u0438\u0306": "й", "\u0456\u0308": "ї", "\u0443\u0306": "ў"}
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_SINGLE = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "ĸ": "k",
    "ŋ": "n",
    "ς": "σ",
    "ʼ": "'",
    "’": "'",
    "‘": "'",
    "′": "'",
    "`": "'",
}
_DOUBLE = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}

_MARK = re.compile(f"[{_MARKS}]")
_LETTERS = str.maketrans({**_SINGLE, **_DOUBLE})


def fold(value: str) -> str:
    """Return the key of `value` for sorting and searching."""
    folded = unicodedata.normalize("NFKD", value).lower()
    for marked, letter in _KEPT.items():
        folded = folded.replace(marked, letter)
    return _MARK.sub("", folded).translate(_LETTERS)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fold_sql() -> str:
    body = 'lower(normalize(value, NFKD) collate "pg_catalog"."pg_c_utf8")'
    for marked, letter in _KEPT.items():
        body = f"replace({body}, {_quoted(marked)}, {_quoted(letter)})"
    marks = "".join(c if c == "-" else f"\\u{ord(c):04x}" for c in _MARKS)
    body = f"regexp_replace({body}, '[{marks}]', '', 'g')"
    body = f"translate({body}, {_quoted(''.join(_SINGLE))}, {_quoted(''.join(_SINGLE.values()))})"
    for letter, letters in _DOUBLE.items():
        body = f"replace({body}, {_quoted(letter)}, {_quoted(letters)})"
    return body


# Plain SQL on functions of pg_catalog only, so that it needs no search_path and can serve a
# generated column.
FOLD_SQL = f"""
create or replace function public.fold(value text) returns text
language sql immutable strict parallel safe
return {_fold_sql()}
"""
