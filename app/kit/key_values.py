"""Names with values of somebody's own: {"Shoe size": "42", "Boat": true}.

People read and write the values as texts. Programs may send any JSON, and what nobody changed stays
what it was.
"""

import math
from typing import Any

from flask_babel import gettext as _

from app.kit.errors import Invalid

MOST = 100
LONGEST_NAME = 100
LONGEST_VALUE = 1000


def as_text(value: Any) -> str:
    """Return structured data of any shape on one line, as people read it."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {as_text(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(as_text(one) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def read_value(text: str, before: Any) -> Any:
    """Return what was typed in place of `before`: the same kind of value where it reads as one."""
    if isinstance(before, bool):
        return next((one for one in (True, False) if as_text(one) == text), text)
    if isinstance(before, int | float):
        number = _number(text)
        return text if number is None or as_text(number) != text else number
    return text


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None


def check_name(name: str) -> None:
    """Raise Invalid with a sentence unless a pair may be called so."""
    if not name.strip():
        raise Invalid(_("Say what it is called."))
    if len(name) > LONGEST_NAME:
        raise Invalid(_("At most %(number)s characters.", number=LONGEST_NAME))


def check_value(value: Any) -> None:
    """Raise Invalid with a sentence for a value that is too long."""
    if len(as_text(value)) > LONGEST_VALUE:
        raise Invalid(_("At most %(number)s characters.", number=LONGEST_VALUE))


def check_number(pairs: Any) -> None:
    """Raise Invalid with a sentence if there are too many."""
    if len(pairs) > MOST:
        raise Invalid(_("At most %(number)s rows can be kept.", number=MOST))


def check_pairs(pairs: Any) -> None:
    """Raise Invalid unless a program sent names with values."""
    if not isinstance(pairs, dict):
        example = '{"Shoe size": "42"}'
        raise Invalid(_("Send names with values, like %(example)s.", example=example))
    check_number(pairs)
    for name, value in pairs.items():
        check_name(name)
        try:
            check_value(value)
        except Invalid as error:
            raise Invalid(f"{name}: {error.message}") from error
