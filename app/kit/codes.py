"""Codes that people know by a name: countries, languages, currencies, time zones.

A column whose `info["format"]` is one of `CODES` keeps the code, as programs send it; people read
and choose the name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_currency_name
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import String
from sqlalchemy.orm import MappedColumn

from app.kit.database.checked import checked
from app.kit.errors import Invalid
from app.kit.fold import fold
from app.kit.i18n.reading import locale
from app.kit.money import currencies, currency_code
from app.kit.zones import canonical_zone, zone_names

# What CLDR names by two letters too: unions, test regions, and “unknown”.
_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Codes:
    """One kind of code. `read` raises Invalid for what is none, in a sentence for who typed it."""

    known: Callable[[], Sequence[str]]
    name: Callable[[str], str]
    read: Callable[[str], str]
    label: Callable[[str], str]
    """The name and, where people know both, the code: Germany (DE)."""

    def options(self) -> Sequence[tuple[str, str]]:
        """Return all as (code, label), by name, in the reader's language."""
        return _options(self, str(locale()))


@cache
def _options(codes: Codes, _tongue: str) -> Sequence[tuple[str, str]]:
    labels = ((code, codes.label(code)) for code in codes.known())
    return tuple(sorted(labels, key=lambda one: fold(one[1])))


def country_column(kept_as: Any = None, **kw: Any) -> MappedColumn[Any]:
    """Return a mapped column of a country's code: two capitals, which the database checks."""
    kw["info"] = {"label": _l("Country"), "format": "country", **kw.get("info", {})}
    return checked("{column} ~ '^[A-Z]{2}$'", kept_as or String(2), **kw)


@cache
def countries() -> tuple[str, ...]:
    """Return the countries of today, by their two letters."""
    known = Locale("en").territories
    letters = (str(code) for code in known)
    return tuple(sorted(c for c in letters if _COUNTRY.fullmatch(c) and c not in _NO_COUNTRIES))


def country_name(code: str) -> str:
    """Return what the reader calls a country; the code itself where nobody knows it."""
    return str(locale().territories.get(code, code))


def read_country(text: str) -> str:
    """Return the two letters of a country written by code, name or usual spelling.

    DE, DEU, Germany, Deutschland, Alemanha, U.K.: in our languages and the country's own. Raises
    Invalid.
    """
    code = _country_names().get(_bare(text))
    if code is None:
        raise Invalid(
            _("“%(text)s” is not a country. Write two letters, such as DE.", text=text[:40])
        )
    return code


def country_or_none(text: str | None) -> str | None:
    """Return the country that is written there, if one is."""
    return _country_names().get(_bare(text)) if text else None


# What people write and no list of names has.
_USUAL = {
    "GB": (
        "England", "Scotland", "Wales", "Northern Ireland", "Great Britain", "Britain",
        "Großbritannien", "Schottland", "Grã-Bretanha", "Inglaterra", "Великобритания", "Англия",
        "Велика Британія", "Англія",
    ),
    "US": ("America", "Amerika", "The United States of America", "США", "Estados Unidos da América",
           "Vereinigte Staaten von Amerika"),
    "NL": ("Holland", "The Netherlands", "Holanda", "Голландия", "Голландія"),
    "CZ": ("Czech Republic", "Tschechische Republik", "República Tcheca"),
    "TR": ("Turkey",),
    "CI": ("Ivory Coast",),
    "KR": ("South Korea", "Korea"),
    "AE": ("UAE", "Emirates"),
    "BY": ("Weißrussland", "Белоруссия"),
    "MD": ("Moldova", "Молдавия"),
    "MK": ("Macedonia", "Mazedonien"),
    "CH": ("Switzerland",),
    "IE": ("Republic of Ireland", "Eire"),
    "CN": ("People's Republic of China",),
    "RU": ("Russian Federation",),
    "DE": ("BRD", "Bundesrepublik Deutschland"),
}  # fmt: skip
_NAMED_IN = ("en", "de", "pt_BR", "pt", "uk", "ru")


def _bare(text: str) -> str:
    """Return a name without what is written differently: case, marks, dots, spaces, “the”."""
    letters = "".join(one for one in fold(text) if one.isalnum() or one == " ")
    words = [word for word in letters.split() if word not in ("the", "and", "und", "e", "и", "та")]
    return "".join(words)


@cache
def _country_names() -> Mapping[str, str]:
    """By bare name: two letters, three, a number, and what the languages call a country."""
    known = frozenset(countries())
    names: dict[str, str] = {}
    for code in countries():
        own = get_official_languages(code, regional=True, de_facto=True)
        for tongue in (*own, *_NAMED_IN):
            try:
                said = Locale.parse(tongue).territories
            except (UnknownLocaleError, ValueError):
                continue
            for key in (code, f"{code}-alt-short", f"{code}-alt-variant"):
                if name := said.get(key):
                    names.setdefault(_bare(str(name)), code)
    for alias, codes in get_global("territory_aliases").items():
        if len(codes) == 1 and codes[0] in known and (len(alias) == 3 or alias == "UK"):
            names[_bare(alias)] = codes[0]
    names |= {_bare(name): code for code, said in _USUAL.items() for name in said}
    return {**names, **{_bare(code): code for code in countries()}}


def language_name(code: str) -> str:
    """Return what the reader calls a language; the code itself where nobody knows it."""
    try:
        language = Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return code
    name = str(language.get_display_name(locale()) or code)
    return name[:1].upper() + name[1:]


def languages() -> tuple[str, ...]:
    """Return the languages that are spoken here."""
    return tuple(current_app.config["LANGUAGES"])


def _read_language(text: str) -> str:
    """Return a language, one of ours or not: a shop knows clients whose language nobody writes."""
    try:
        return str(Locale.parse(text.strip().replace("-", "_")))
    except (UnknownLocaleError, ValueError) as error:
        raise Invalid(
            _("“%(text)s” is not a language. Write it like de.", text=text[:40])
        ) from error


def _itself(code: str) -> str:
    return code


CODES: Mapping[str, Codes] = {
    "country": Codes(
        countries, country_name, read_country, lambda code: f"{country_name(code)} ({code})"
    ),
    "language": Codes(languages, language_name, _read_language, language_name),
    "currency": Codes(
        currencies,
        _itself,
        currency_code,
        lambda code: f"{code} · {get_currency_name(code, locale=locale())}",
    ),
    "zone": Codes(zone_names, _itself, canonical_zone, _itself),
}
"""By the format of a column."""
