"""Which rows are meant: by search, filters, scope and archive, under the policies of the session.

List, export and bulk runs share this, so that "all that match" means the same in each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.kit.errors import Invalid
from app.kit.screens.address import Address
from app.kit.screens.attrs import Attr, called, table_of, title_column
from app.kit.screens.declaration import Declaration
from app.kit.screens.filters import Filter, read_filter
from app.kit.screens.pages import Text
from app.kit.screens.paging import read_id
from app.kit.screens.plan import ListPlan
from app.kit.screens.searching import find

COUNT_CAP = 10_000
ARCHIVED = "archived"


def capped_at() -> str:
    """Return the number beyond which nothing is counted, as the reader writes it."""
    from flask_babel import format_decimal  # noqa: PLC0415 -- Babel's tables load on first use

    return format_decimal(COUNT_CAP)


@dataclass
class Selection:
    """The rows as conditions on `plan`. With `error` there are none."""

    plan: ListPlan
    where: list[ColumnElement[bool]] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    error: Text = ""
    ids: list[int] | None = None
    """What the search found, None without a search."""

    @property
    def nothing(self) -> bool:
        """Whether no row can match, without asking."""
        return bool(self.error) or self.ids == []

    def insist_on_all(self) -> None:
        """Raise Invalid unless the conditions give every row that is meant, and no other."""
        if self.error:
            raise Invalid(self.error)
        if self.ids is not None and len(self.ids) > COUNT_CAP:
            # The search stops there: taking what it found for all would leave rows out in silence.
            most = capped_at()
            raise Invalid(
                _("The search finds more than %(number)s records. Narrow it down.", number=most)
            )

    def count(self, session: Session, cap: int = COUNT_CAP) -> int:
        """How many rows match, never counting beyond `cap` + 1."""
        if self.nothing:
            return 0
        return session.scalar(self.plan.count(self.where, cap)) or 0


def selection_of(
    screen: Declaration, session: Session, address: Address, attrs: Mapping[str, Attr], zone: str
) -> Selection:
    """Read the address. `attrs` are the fields that this reader may filter by."""
    found = Selection(ListPlan(screen.model))
    found.where += screen.always()
    _archived(found, address)
    for name, value in address.scopes():
        _scope(screen, found, name, value)
    for name, operator, values in address.filters():
        if name != ARCHIVED:
            _filter(found, read_filter(found.plan, attrs, name, operator, values, zone))
    if address.words:
        search(found, session, address.words, screen)
    return found


def _filter(found: Selection, one: Filter) -> None:
    found.filters.append(one)
    if one.condition is None:
        found.error = found.error or one.error
    else:
        found.where.append(one.condition)


def _archived(found: Selection, address: Address) -> None:
    if "archived_at" not in found.plan.root.c:
        return
    column = found.plan.root.c.archived_at
    given = [(op, values) for name, op, values in address.filters() if name == ARCHIVED]
    if not given:
        found.where.append(column.is_(None))
        return
    operator, values = given[0]
    if operator == "is" and values == ("only",):
        words, condition = _("are shown alone"), column.is_not(None)
    elif operator == "is" and values == ("all",):
        words, condition = _("are shown too"), None
    else:
        error = _("“%(value)s” is not a value for this filter.", value=", ".join(values)[:80])
        _filter(found, Filter(None, ARCHIVED, operator, values, error=error))
        return
    if condition is not None:
        found.where.append(condition)
    found.filters.append(Filter(None, ARCHIVED, operator, values, words=words))


def _scope(screen: Declaration, found: Selection, name: str, value: str) -> None:
    attr, pk = screen.relations.get(name), read_id(value)
    if attr is None or pk is None or not screen.sees(attr):
        found.error = found.error or _("This list could not be limited to its record.")
        return
    found.where.append(found.plan.column(attr) == pk)


def search(found: Selection, session: Session, words: str, screen: Declaration) -> None:
    """Limit the selection to what a search for `words` finds; where there is none, to nothing."""
    if not screen.searches:
        found.error = found.error or _("This list cannot be searched.")
        return
    found.ids = find(session, found.plan.root, words, COUNT_CAP + 1)
    found.where.append(found.plan.root.c.id.in_(found.ids))


def names_of(session: Session, filters: list[Filter]) -> dict[tuple[str, str], str]:
    """(field, id) → name for the lookup filters in force; one query for each field."""
    names: dict[tuple[str, str], str] = {}
    for one in filters:
        if one.attr is None or one.attr.target is None or one.condition is None:
            continue
        table, title = table_of(one.attr.target), title_column(one.attr.target)
        ids = [int(value) for value in one.values if value.isdigit()]
        rows: Any = session.execute(select(table.c.id, title).where(table.c.id.in_(ids)))
        names |= {(one.field, str(pk)): called(name, pk) for pk, name in rows}
    return names
