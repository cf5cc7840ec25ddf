"""What is typed into a form, as far as it follows from the columns; the same for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Integer, Numeric, Text
from sqlalchemy.orm import Session

from app.kit.choices import Choice
from app.kit.screens.attrs import Attr, longest_of
from app.kit.screens.record import value_of
from tests import factories
from tests.screens import filling

BY_FORMAT = {
    "country": ("DE", "FR"),
    "language": ("de", "fr"),
    "currency": ("EUR", "EUR"),
    "zone": ("Europe/Berlin", "Europe/Paris"),
    "percent": ("5", "6"),
}
DAY = date(2026, 12, 1)


def values(
    session: Session, attrs: Mapping[str, Attr], said: Mapping[str, Any], *, anew: bool = False
) -> dict[str, Any]:
    """Return a value for each field, as JSON has it; what is `said` stands. `anew`: other values."""
    found: dict[str, Any] = {}
    for name, attr in attrs.items():
        if name in said:
            continue
        value = value_for(session, attr, anew=anew)
        if value is not None:
            found[name] = value
    return found | {name: value for name, value in said.items() if value is not None}


def value_for(  # noqa: C901, PLR0911 -- one a kind
    session: Session, attr: Attr, *, anew: bool
) -> Any:
    """Return a value that a column takes, None for one with controls of its own."""
    n, kind = factories.number(), attr.column.type
    if attr.target is not None:
        return filling.make_one(session, attr.target).id
    if attr.choices is not None:
        return attr.offered[-1 if anew else 0].value
    if attr.form in BY_FORMAT:
        return BY_FORMAT[attr.form][anew]
    if attr.form == "email":
        return f"walked{n}@example.com"
    if attr.form == "phone":
        return f"+4420794{n % 100000:05d}"
    if isinstance(kind, Boolean):
        return not anew
    if isinstance(kind, Integer) and attr.kind != "money":
        return 12 + anew
    if isinstance(kind, Numeric) or attr.kind == "money":
        return f"{12 + anew}"
    if isinstance(kind, DateTime):
        return f"{DAY + timedelta(anew)}T10:00:00Z"
    if isinstance(kind, Date):
        return str(DAY + timedelta(anew))
    if isinstance(kind, ARRAY):
        return [f"walked {n}"]
    return f"Walked {n}"[-longest_of(attr.column) :] if isinstance(kind, Text) else None


def typed(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON says as a form says it; lines as `lines-0-…`."""
    found: dict[str, Any] = {}
    for name, value in sent.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, line in enumerate(value):
                found |= {f"{name}-{number}-{key}": one for key, one in typed(line).items()}
        elif isinstance(value, bool):
            found |= {name: "y"} if value else {name: None}
        elif isinstance(value, list):
            found[name] = ", ".join(map(str, value))
        elif isinstance(value, str) and value.endswith("T10:00:00Z"):
            found[name] = value.removesuffix(":00Z")
        else:
            found[name] = str(value)
    return found


def lost(obj: Any, attrs: Mapping[str, Attr], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record does not say of what was sent: by name, (sent, kept)."""
    found = {}
    for name, attr in attrs.items():
        if name in sent and not is_kept(value_of(obj, attr), sent[name]):
            found[name] = (sent[name], value_of(obj, attr))
    return found


def is_kept(kept: Any, sent: Any) -> bool:
    """Whether a value of a record is the one that was sent."""
    if isinstance(kept, Choice):
        return bool(kept.value == sent)
    if isinstance(kept, bool | list | dict | str):
        return bool(kept == sent)
    if isinstance(kept, int | Decimal):
        return Decimal(kept) == Decimal(str(sent))
    if isinstance(kept, datetime):
        return kept == datetime.fromisoformat(str(sent)).astimezone(UTC)
    if isinstance(kept, date):
        return kept.isoformat() == sent
    return kept is not None and getattr(kept, "id", None) == sent
