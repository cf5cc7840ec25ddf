"""Lines inside a record, as its screen declares them: read with it, sent as a list of objects.

POST makes them. PUT takes the whole list: a line with its `id` is changed, one without is added,
one that is left out is removed; without the list the lines stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit.database.lines import put_at
from app.kit.errors import Invalid
from app.kit.rest import payload
from app.kit.rest.rows import as_object, selected
from app.kit.rest.values import ApiField, api_field
from app.kit.screens.attrs import lines_of, resolve, table_of
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import Lines
from app.kit.screens.forms import remove
from app.kit.screens.plan import ListPlan


@dataclass(frozen=True, slots=True)
class Nested:
    """The lines of one relation."""

    name: str
    model: type[Any]
    link: str
    """The column by which they hang on their record."""
    fields: Mapping[str, ApiField]
    removable: bool
    told: frozenset[str] = frozenset()
    """Those of the fields that are read only."""

    @classmethod
    def of(cls, screen: Declaration, lines: Lines) -> "Nested":
        """Return what a screen declares as lines."""
        model, link = lines_of(screen.model, lines.name)
        names = (*lines.columns, *lines.also_told)
        fields = {name: api_field(name, resolve(model, name)) for name in names}
        return cls(lines.name, model, link, fields, lines.removable, frozenset(lines.also_told))

    def seen(self) -> list[ApiField]:
        """Return the fields that this reader may see."""
        return [field for field in self.fields.values() if Declaration.sees(field.attr)]

    def written(self) -> dict[str, ApiField]:
        """Return the fields that somebody may write."""
        return {
            name: field
            for name, field in self.fields.items()
            if field.attr.writable and name not in self.told
        }

    def read(self, session: Session, pk: int) -> list[dict[str, Any]]:
        """Return the lines of a record as JSON, in one query."""
        return self.read_many(session, [pk]).get(pk, [])

    def read_many(self, session: Session, pks: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the lines of records as JSON by the record's id, in one query."""
        if not pks:
            return {}
        plan = ListPlan(self.model)
        columns, writers = selected(plan, self.seen())
        of = plan.root.c[self.link].label("line_of")
        where = [plan.root.c[self.link].in_(sorted(pks)), *self._alive()]
        pk_column = plan.root.c.id.label("id")
        statement = plan.select(pk_column, of, *columns, where=where).order_by(pk_column)
        found: dict[int, list[dict[str, Any]]] = {}
        for row in session.execute(statement):
            found.setdefault(row.line_of, []).append(as_object(row, writers))
        return found

    def known(self, session: Session, pk: int) -> dict[int, Any]:
        """Return the lines of a record by their ids."""
        table = table_of(self.model)
        found = session.scalars(select(self.model).where(table.c[self.link] == pk, *self._alive()))
        return {line.id: line for line in found}

    def _alive(self) -> list[Any]:
        table = table_of(self.model)
        return [table.c.archived_at.is_(None)] if "archived_at" in table.c else []

    def add(self, session: Session, pk: int, lines: Sequence[Mapping[str, Any]]) -> None:
        """Make the lines of a new record."""
        for number, line in enumerate(lines):
            self._add(session, pk, number, line)

    def _add(self, session: Session, pk: int, number: int, line: Mapping[str, Any]) -> None:
        obj = self.model(**{self.link: pk}, **payload.columns(self.model, line))
        put_at(obj, f"{self.name}.{number}")
        session.add(obj)

    def put(self, session: Session, pk: int, lines: Sequence[Mapping[str, Any]]) -> None:
        """Make the lines of a record these. Raises Invalid where lines cannot be removed."""
        known = self.known(session, pk)
        kept = {line["id"] for line in lines if "id" in line}
        gone = [line for key, line in known.items() if key not in kept]
        if gone and not self.removable:
            raise Invalid(_("Lines cannot be removed here: send all of them."), field=self.name)
        remove(session, gone)
        for number, line in enumerate(lines):
            values = {name: value for name, value in line.items() if name != "id"}
            if "id" in line:
                put_at(known[line["id"]], f"{self.name}.{number}")
                payload.assign(session, known[line["id"]], values)
            else:
                self._add(session, pk, number, values)
