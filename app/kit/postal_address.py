"""Where something is sent to, by its parts.

    {"name": "Ada Lovelace", "street": "Weg 1", "postal_code": "20095", "city": "Hamburg",
     "country": "DE", "phone": "+4940123456"}

Each part is a text of one line and may be missing; an address without any part is none at all.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kit.codes import country_name, country_or_none, read_country
from app.kit.errors import Invalid
from app.kit.phone import display_phone, normalise_phone
from app.kit.texts import one_line

LONGEST = {
    "name": 200,
    "street": 200,
    "street2": 200,
    "postal_code": 20,
    "city": 100,
    "region": 100,
    "country": 2,
    "phone": 40,
}
LABELS = {
    "name": _l("Recipient"),
    "street": _l("Street and number"),
    "street2": _l("Further line of the address"),
    "postal_code": _l("Postal code"),
    "city": _l("City"),
    "region": _l("Region"),
    "country": _l("Country"),
    "phone": _l("Phone"),
}
_EXAMPLE = '{"street": "Weg 1", "city": "Hamburg", "country": "DE"}'


def read_part(part: str, text: str, region: str | None = None) -> str:
    """Return a part as it is kept; `region` reads phone numbers without a country code.

    Raises Invalid with a sentence for the person who typed it.
    """
    text = one_line(text)
    if part == "country" and text:
        return read_country(text)
    if len(text) > LONGEST[part]:
        raise Invalid(_("At most %(number)s characters.", number=LONGEST[part]))
    return normalise_phone(text, region) if part == "phone" and text else text


def read_address(value: Any) -> dict[str, str] | None:
    """Return an address from a program as it is kept; None if it has no part. Raises Invalid."""
    if not isinstance(value, dict):
        raise Invalid(_("Send an address by its parts, like %(example)s.", example=_EXAMPLE))
    made = {}
    country = value.get("country")
    region = country_or_none(country) if isinstance(country, str) else None
    for part, text in value.items():
        if part not in LONGEST:
            names = ", ".join(LONGEST)
            raise Invalid(_("An address has these parts: %(names)s.", names=names))
        if not isinstance(text, str | None):
            raise Invalid(_("%(part)s: send a text.", part=part))
        try:
            if kept := read_part(part, text or "", region):
                made[part] = kept
        except Invalid as error:
            raise Invalid(f"{part}: {error.message}") from error
    return made or None


def lines(value: Mapping[str, Any], other: Mapping[str, str]) -> list[str]:
    """Return an address as a parcel has it; `other` are parts that only older records have."""
    said = {part: str(value.get(part) or "") for part in LONGEST}
    town = one_line(f"{said['postal_code']} {said['city']}")
    found = [said["name"], said["street"], said["street2"], town, said["region"]]
    found += [country_name(said["country"]), display_phone(said["phone"])]
    found += [f"{part}: {text}" for part, text in other.items() if text]
    return [line for line in found if line]
