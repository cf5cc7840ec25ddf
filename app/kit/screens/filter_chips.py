"""The filters of a list in words, and the fields that the filter editor offers."""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.kit.screens.address import FILTER, Address
from app.kit.screens.attrs import Attr
from app.kit.screens.cells import has_archive
from app.kit.screens.declaration import Declaration
from app.kit.screens.filters import Filter, operators_of
from app.kit.screens.pages import Chip, FilterField, FilterKind, FilterOperator, Text
from app.kit.screens.selection import ARCHIVED, Selection, names_of

_ARCHIVE_FIELD = FilterField(
    ARCHIVED,
    _l("Archived"),
    "choice",
    (FilterOperator("is", _l("are")),),
    (("only", _l("Archived ones only")), ("all", _l("Archived ones too"))),
)


def filter_fields(screen: Declaration) -> list[FilterField]:
    """Return the fields this reader may filter by."""
    fields = [_field(screen, name) for name in screen.filterable()]
    return [*fields, _ARCHIVE_FIELD] if has_archive(screen.model) else fields


@lru_cache(maxsize=4096)
def _field(screen: Declaration, name: str) -> FilterField:
    """Return one field, the same object each time: the page keeps what it wrote of it."""
    attr = screen.attr(name)
    return FilterField(
        name,
        attr.label,
        cast("FilterKind", attr.filter_kind),
        operators_of(attr),
        choices=attr.codes.options if attr.codes else _choices(attr),
        lookup_url=screen.url("lookup", name) if attr.target is not None else "",
    )


def _choices(attr: Attr) -> Sequence[tuple[str, Text]]:
    return attr.choices.options() if attr.choices else ()


def chips_of(
    screen: Declaration, session: Session, address: Address, selection: Selection
) -> list[Chip]:
    """One chip for each filter in force, red where it could not be read."""
    names = names_of(session, selection.filters)
    return [_chip(one, address, names) for one in selection.filters]


def _chip(one: Filter, address: Address, names: dict[tuple[str, str], str]) -> Chip:
    if one.field == ARCHIVED:
        subject = _("Archived ones")
    else:
        subject = str(one.attr.label) if one.attr is not None else one.field
    key = f"{FILTER}{one.field}.{one.operator}"
    remove = address.url(address.without(key))
    if one.error:
        value = ", ".join(one.values)[:80]
        return Chip(subject, _("“%(value)s” cannot be read", value=value), remove, tone="bad")
    words = one.words
    if not words:
        called = [
            names.get((one.field, value), _("No. %(number)s", number=value)) for value in one.values
        ]
        words = _("is %(values)s", values=", ".join(called))
    return Chip(subject, words, remove, one.field, one.operator, one.values)
