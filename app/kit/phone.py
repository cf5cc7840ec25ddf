"""Phone numbers: kept as E.164, shown as people write them, found as people dictate them.

What is written without a country code is at home in some country: the record's own (a client's, a
supplier's), else the company's (`home`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import phonenumbers
from flask_babel import lazy_gettext as _l
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberFormat
from sqlalchemy.orm import Session

from app.kit.errors import Invalid
from app.kit.registry import Registry, sole

# Set aside by the regulators for films and examples: never assigned, so the library calls them
# invalid, yet demo data must live there. Ofcom's mobile range, and 555-01xx of every area in North
# America.
_RESERVED = re.compile(r"\+447700900\d{3}|\+1[2-9]\d\d55501\d\d")
# How one dials abroad in most of the world, and in North America.
_ABROAD = re.compile(r"\A\s*(?:00|011)[\s./-]*(?=[1-9(])")
SHORTEST = 6
"""Digits below which what is typed is a part of a number: no country is guessed for it."""

_home: Registry[Callable[[Session], str | None]] = Registry("country at home", key=sole)
_said: ContextVar[str | None] = ContextVar("the country that is said beside a phone", default=None)


def tell_home(find: Callable[[Session], str | None]) -> None:
    """Say how the country of the stamped company is found; the domain that knows it does."""
    _home.register(find)


def home(session: Session) -> str | None:
    """Return the country in which numbers without a country code are at home."""
    find = _home.only()
    return find(session) if find is not None else None


@contextmanager
def phones_of(country: str | None) -> Iterator[None]:
    """Read phones inside the block as those of a record in this country."""
    token = _said.set(country)
    try:
        yield
    finally:
        _said.reset(token)


def read_phone(raw: str, session: Session) -> str:
    """Return a number as E.164, read in the country said by `phones_of`, else at home.

    Raises Invalid.
    """
    said = _said.get()
    try:
        return normalise_phone(raw, said)
    except Invalid:
        own = home(session)
        if own is None or own == said:
            raise
        return normalise_phone(raw, own)


def normalise_phone(raw: str, region: str | None = None) -> str:
    """Return the number as E.164 (+4930123456).

    `region` (DE, UA, …) reads numbers without a country code. Raises Invalid with a sentence for
    the person who typed it.
    """
    try:
        return _normalised(raw, region)
    except Invalid:
        abroad = _ABROAD.sub("+", raw, count=1)
        if not abroad.startswith("+") or abroad == raw:
            raise
        return _normalised(abroad, None)


def _normalised(raw: str, region: str | None) -> str:
    parsed = _parse(raw, region)
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if parsed.extension:
        raise Invalid(_l("Leave out the extension: it cannot be dialled or written to."))
    if not phonenumbers.is_valid_number(parsed) and not _RESERVED.fullmatch(number):
        raise Invalid(_l("“%(number)s” is not a complete phone number.", number=raw.strip()[:40]))
    return number


def _parse(raw: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(raw, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise Invalid(
                _l(
                    "Begin “%(number)s” with the country code, like +49.",
                    number=raw.strip()[:40],
                )
            ) from error
        raise Invalid(_l("“%(number)s” is not a phone number.", number=raw.strip()[:40])) from error


def readings(typed: str, at_home: str | None) -> list[tuple[str | None, str]]:
    """Return each number that may be meant, as E.164, and whose: a country's, or (None) anybody's.

    What says its country is one number. Else it is read at home, and in every country in which it
    is complete: of a record of that country it is kept so. Raises Invalid if it is none anywhere.
    """
    if typed.strip().startswith("+"):
        return [(None, normalise_phone(typed))]
    # The plus may have been left out.
    anybodys = {_complete(typed, at_home), _complete(f"+{phone_digits(typed)}", None)} - {""}
    found: list[tuple[str | None, str]] = [(None, number) for number in sorted(anybodys)]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = _complete(typed, region)
        if number and number not in anybodys:
            found.append((region, number))
    return found or [(None, normalise_phone(typed, at_home))]


def _complete(typed: str, region: str | None) -> str:
    try:
        return normalise_phone(typed, region)
    except Invalid:
        return ""


def display_phone(number: str, region: str | None = None) -> str:
    """Return an E.164 number as read in `region`.

    National at home, international abroad; what is no E.164 number comes back unchanged.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return number
    home = region is not None and parsed.country_code == phonenumbers.country_code_for_region(
        region
    )
    style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def phone_digits(typed: str) -> str:
    """Only the digits of what somebody types into a search field."""
    return "".join(character for character in typed if character.isdecimal())


def phone_keys(typed: str, regions: Iterable[str | None]) -> list[str]:
    """Return the digits by which a dictated number may be kept, the likeliest first.

    As read in one of the regions, as dialled from abroad, and without what is dialled before a
    number at home: a client of another country has the rest of it behind another country code.
    """
    digits = phone_digits(typed)
    if len(digits) < SHORTEST:
        return []
    found = [_international(typed, region) for region in regions if region]
    if _ABROAD.match(typed):
        found.append(phone_digits(_ABROAD.sub("+", typed, count=1)))
    elif not typed.strip().startswith("+"):
        found += [digits.removeprefix(trunk) for trunk in _trunks() if digits.startswith(trunk)]
    return [one for one in dict.fromkeys(found) if len(one) >= SHORTEST and one != digits]


def _international(typed: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(typed, region)
    except NumberParseException:
        return ""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164).removeprefix("+")


@cache
def _trunks() -> tuple[str, ...]:
    """Return what is dialled somewhere before a number at home: 0, 8, 06."""
    known = map(PhoneMetadata.metadata_for_region, phonenumbers.SUPPORTED_REGIONS)
    found = {one.national_prefix for one in known if one is not None and one.national_prefix}
    return tuple(sorted(found, key=lambda trunk: (trunk != "0", trunk)))
