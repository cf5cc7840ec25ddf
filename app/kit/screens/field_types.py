"""Which field edits a column: by its format, else by its kind."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Integer
from wtforms import validators

from app.kit.codes import CODES
from app.kit.screens.attrs import Attr, UnknownColumn
from app.kit.screens.composite_fields import AddressField, HoursField, PairsField, TextsField
from app.kit.screens.fields import (
    LONG_TEXTS,
    BoolField,
    ChoiceField,
    CodeField,
    DateField,
    DecimalField,
    EmailField,
    IntegerField,
    LongField,
    MomentField,
    MoneyField,
    PhoneField,
    PlainField,
    RemoteField,
    TagsField,
    TextField,
)

FORMATS: dict[str, type[PlainField]] = {
    **dict.fromkeys(CODES, CodeField),
    "phone": PhoneField,
    "email": EmailField,
    "long": LongField,
    "hours": HoursField,
    "texts": TextsField,
    "address": AddressField,
    "pairs": PairsField,
}
"""By `info["format"]`; a domain may add its own field here."""

_BY_KIND: dict[str, type[PlainField]] = {
    "money": MoneyField,
    "badge": ChoiceField,
    "link": RemoteField,
    "bool": BoolField,
    "date": DateField,
    "datetime": MomentField,
    "tags": TagsField,
}


def field_class(attr: Attr) -> type[PlainField]:
    """Return the field that edits a column. Raises UnknownColumn for JSON without a form."""
    if attr.form in FORMATS:
        return FORMATS[attr.form]
    if attr.kind in _BY_KIND:
        return _BY_KIND[attr.kind]
    if attr.kind in ("num", "percent"):
        return IntegerField if isinstance(attr.column.type, Integer) else DecimalField
    if attr.is_structured:
        message = f"{attr.column} holds JSON, which nobody types: give it a format with a form."
        raise UnknownColumn(message)
    return LongField if attr.key in LONG_TEXTS else TextField


def is_wide(attr: Attr) -> bool:
    """Whether the field takes the whole width."""
    return field_class(attr).control_kind in ("textarea", "group")


def make_field(attr: Attr, *, required: bool) -> Any:
    """Return an unbound field for `attr`."""
    kind = field_class(attr)
    checks: list[Callable[..., None]] = []
    if required and kind is not BoolField:
        checks.append(_needed)
    options: dict[str, Any] = {"description": attr.help}
    kw: dict[str, Any] = {}
    if attr.unit:
        kw["suffix"] = attr.unit
    if attr.form == "email":
        kw |= {"type": "email", "autocomplete": "off"}
    elif attr.form == "phone":
        kw |= {"type": "tel", "autocomplete": "off"}
    if kw:
        options["render_kw"] = kw
    return kind(attr.label, checks, attr=attr, **options)


def _needed(form: Any, field: Any) -> None:
    if field.errors or field.process_errors:
        raise validators.StopValidation
    if field.data is None or field.data == "":
        raise validators.StopValidation(_("This is needed."))


_needed.field_flags = {"required": True}  # type: ignore[attr-defined]
