"""Phone numbers: kept as E.164, shown as people write them."""

import re

import phonenumbers
from flask_babel import lazy_gettext as _l
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from app.kit.errors import Invalid

# Set aside by the regulators for films and examples: never assigned, so the library calls them
# invalid, yet demo data must live there. Ofcom's mobile range, and 555-01xx of every area in North
# America.
_RESERVED = re.compile(r"\+447700900\d{3}|\+1[2-9]\d\d55501\d\d")


def normalise_phone(raw: str, region: str | None = None) -> str:
    """Return the number as E.164 (+4930123456).

    `region` (DE, UA, …) reads numbers without a country code. Raises Invalid with a sentence for
    the person who typed it.
    """
    parsed = _parse(raw, region)
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if parsed.extension:
        raise Invalid(_l("Leave out the extension: it cannot be dialled or written to."))
    if not phonenumbers.is_valid_number(parsed) and not _RESERVED.fullmatch(number):
        raise Invalid(_l("“%(number)s” is not a complete phone number.", number=raw.strip()))
    return number


def _parse(raw: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(raw, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise Invalid(
                _l(
                    "Begin “%(number)s” with the country code, like +49.",
                    number=raw.strip(),
                )
            ) from error
        raise Invalid(_l("“%(number)s” is not a phone number.", number=raw.strip())) from error


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


def phone_region(number: str) -> str | None:
    """Return the country (DE) of an E.164 number, if it has one."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    except NumberParseException:
        return None


def phone_digits(typed: str) -> str:
    """Only the digits of what somebody types into a search field."""
    return "".join(character for character in typed if character.isdecimal())
