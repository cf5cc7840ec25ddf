"""Lists of records as JSON: what is asked, which rows, in which order, what of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.kit.access import reader
from app.kit.database.session import db
from app.kit.rest import change_tracking, changes, natural_keys
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.expanding import expand, links_of, read_names
from app.kit.rest.query_parameters import Query, Question, asked
from app.kit.rest.responses import json_answer
from app.kit.rest.rows import as_object, selected
from app.kit.rest.values import ApiField
from app.kit.screens.attrs import Attr
from app.kit.screens.authorization import needs
from app.kit.screens.filters import OPERATORS, read_filter
from app.kit.screens.listing import order_of
from app.kit.screens.paging import Slice, Sorting, fetch, read_cursor, write_cursor
from app.kit.screens.plan import ListPlan
from app.kit.screens.selection import COUNT_CAP, Selection, search


class Listing(ResourceDeclaration):
    """The list of a resource."""

    @expose("", methods=["GET"])
    @expose("/", methods=["GET"])
    @needs("read")
    def get_list(self, **kwargs: Any) -> Response:
        session, question = db.session(), asked(natural_keys.names_of(self))
        fields = self.asked_fields(question.columns, *self.nested)
        expanded = read_names(self, question.expand)
        shown = ListPlan(self.model)
        columns, writers = selected(shown, fields)
        columns += links_of(self, shown, expanded)
        page = self._page(session, question, shown, columns)
        found, ids = [as_object(row, writers) for row in page.rows], [row.id for row in page.rows]
        expand(self, session, expanded, ids, found, page.rows)
        return json_answer(
            200,
            {
                "count": min(page.count, COUNT_CAP),
                "count_is_more": page.count > COUNT_CAP,
                "page_size": question.size,
                "ids": ids,
                "result": found,
                **page.ends,
            },
        )

    def _page(
        self, session: Session, question: Query, shown: ListPlan, columns: Sequence[Any]
    ) -> "_Page":
        """Read the page that is asked for."""
        reading = self._period(session, question)
        selection = self.selection(session, question, archived=reading is not None)
        if reading is not None:
            cursor, period, part = reading
            return _page_of_changes(
                session,
                selection,
                change_tracking.parts(self, selection.plan, period),
                (shown, columns),
                cursor,
                period,
                part,
                question.size,
            )
        order = self._order(question, selection.plan)
        at, count = _cursor(question.next, order), selection.count(session)
        found = Slice([], 1, None, None)
        if count:
            found = fetch(
                session, selection.plan, shown, columns, selection.where, order, at, question.size
            )
        after = write_cursor(found.next) if found.next is not None else None
        return _Page(found.rows, count, {"next": after})

    def _period(self, session: Session, question: Query) -> tuple[str, changes.Round, int] | None:
        """Return what round of changes is read, and its place and part to go on at."""
        if question.changed_since is None:
            return None
        table = ListPlan(self.model).root
        if not change_tracking.is_kept(table):
            raise Question(_("This list cannot be read by “changed_since”."), field="changed_since")
        if question.order:
            raise Question(
                _("With “changed_since” there is no “order_column”: changes have their own."),
                field="changed_since",
            )
        if question.next:
            return changes.again(session, question.next)
        begun = changes.begin(session, question.changed_since)
        return "", change_tracking.with_floor(session, table, begun), 0

    def _order(self, question: Query, plan: ListPlan) -> Sorting:
        if question.order and question.order.removeprefix("-") not in self.of.seen_order():
            raise Question(
                _("This list cannot be ordered by “%(name)s”.", name=question.order[:60])
            )
        return order_of(self.of, plan, question.order or None)[0]

    def asked_fields(self, names: Sequence[str], *also: str) -> list[ApiField]:
        """Return the fields to show; `also` may be asked for too. Raises BadRequest."""
        fields: list[ApiField] = self.seen_fields(names)
        known = {field.name for field in self.seen_fields()}
        for name in names:
            if name not in known and name not in ("id", "version", *also):
                words = _("There is no field “%(name)s”.", name=name[:60])
                raise Question(words, field=name[:60])
        return fields

    def selection(self, session: Session, question: Query, *, archived: bool = False) -> Selection:
        """Return which records a question means. Raises BadRequest."""
        found = Selection(ListPlan(self.model))
        found.where += self.of.always()
        if "archived_at" in found.plan.root.c and not archived:
            found.where.append(found.plan.root.c.archived_at.is_(None))
        attrs = {**self.of.filterable(), **self.of.seen(tuple(self.of.relations))}
        for column, operator, values in question.filters:
            attr = attrs.get(column)
            own = _own_operator(attr, operator, values)
            given = () if own in ("yes", "no", "empty", "filled") else values
            one = read_filter(found.plan, attrs, column, own, given, reader().time_zone)
            if one.condition is None:
                raise Question(one.error, field=column[:60])
            found.where.append(one.condition)
        found.where += natural_keys.conditions(self, session, found.plan, question.codes)
        if question.words:
            search(found, session, question.words, self.of)
        if found.error:
            raise Question(found.error, field="search")
        return found


def _cursor(raw: str, order: Sorting) -> Any:
    cursor = read_cursor(raw, order.column.type)
    if raw and cursor is None:
        raise Question(_("“next” could not be read."), field="next")
    return cursor


@dataclass(frozen=True, slots=True)
class _Page:
    """The rows of a page, of how many, and how to read on."""

    rows: Sequence[Row[Any]]
    count: int
    ends: Mapping[str, Any]


def _page_of_changes(  # noqa: PLR0917 -- which records, what of them, and where in which round
    session: Session,
    selection: Selection,
    parts: Sequence[change_tracking.Part],
    shown: tuple[ListPlan, Sequence[Any]],
    cursor: str,
    period: changes.Round,
    number: int,
    size: int,
) -> _Page:
    """Read on in the round, from one of its parts into the next until the page is full."""
    if number >= len(parts):
        raise Question(_("“next” could not be read."), field="next")
    at = _cursor(cursor, parts[number].order)
    counts = [replace(selection, where=[*selection.where, *p.where]).count(session) for p in parts]
    rows: list[Row[Any]] = []
    following = None
    for part, one in enumerate(parts[number:], number):
        if len(rows) == size and counts[part]:
            following = changes.with_cursor("", period, part)
        if not counts[part] or following:
            continue
        where = [*selection.where, *one.where]
        found = fetch(session, selection.plan, *shown, where, one.order, at, size - len(rows))
        rows += found.rows
        at = None
        if found.next is not None:
            following = changes.with_cursor(write_cursor(found.next), period, part)
            break
    # Only who has read the round to its end may begin the next one.
    ends = {"next": following} if following else {"next": None, "changed_until": period.until()}
    return _Page(rows, sum(counts), ends)


_BOOLEANS: dict[tuple[str, ...], str] = {
    **dict.fromkeys((("1",), ("true",), ("True",)), "yes"),
    **dict.fromkeys((("0",), ("false",), ("False",)), "no"),
}


def _own_operator(attr: Attr | None, operator: str, values: tuple[str, ...]) -> str:
    """FAB's `eq` by the name that the field's kind gives it."""
    if attr is None or attr.filter_kind is None:
        return operator
    kind = attr.filter_kind
    if kind == "bool" and operator in ("eq", "is"):
        return _BOOLEANS.get(values, f"?{operator}")
    if kind == "date":
        return {"eq": "on", "more": "after", "less": "before"}.get(operator, operator)
    if operator == "eq":
        return "is"
    known = {one.name for one in OPERATORS[kind]}
    return operator if operator in known | {"empty", "filled"} else f"?{operator}"
