"""Lists of records as JSON: what is asked, which rows, in which order, what of them."""

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit.access import reader
from app.kit.database.session import db
from app.kit.rest import changes, codes
from app.kit.rest.answers import json_answer
from app.kit.rest.asking import Asked, Question, asked
from app.kit.rest.expanding import expand, links_of, read_names
from app.kit.rest.rows import as_object, selected
from app.kit.rest.values import ApiField
from app.kit.screens.attrs import Attr
from app.kit.screens.filters import OPERATORS, read_filter
from app.kit.screens.guarding import needs
from app.kit.screens.listing import order_of
from app.kit.screens.paging import Order, Slice, fetch, read_place, write_place
from app.kit.screens.plan import Plan
from app.kit.screens.selection import COUNT_CAP, Selection, search


class Listing:
    """The list of a resource."""

    @expose("", methods=["GET"])
    @expose("/", methods=["GET"])
    @needs("read")
    def get_list(self: Any, **kwargs: Any) -> Response:
        session, question = db.session(), asked(codes.names_of(self))
        fields = self.asked_fields(question.columns, *self.nested)
        expanded = read_names(self, question.expand)
        place, period = self._period(session, question)
        selection = self.selection(session, question, archived=period is not None)
        if period is not None:
            selection.where += period.conditions(selection.plan.root)
        order = self._order(question, selection.plan, period)
        shown = Plan(self.model)
        columns, writers = selected(shown, fields)
        columns += links_of(self, shown, expanded)
        at, count = _place(place, order), selection.count(session)
        page = Slice([], 1, None, None)
        if count:
            page = fetch(
                session, selection.plan, shown, columns, selection.where, order, at, question.size
            )
        found, ids = [as_object(row, writers) for row in page.rows], [row.id for row in page.rows]
        expand(self, session, expanded, ids, found, page.rows)
        after = write_place(page.next) if page.next is not None else None
        return json_answer(
            200,
            {
                "count": min(count, COUNT_CAP),
                "count_is_more": count > COUNT_CAP,
                "page_size": question.size,
                "ids": ids,
                "result": found,
                **_ends(after, period),
            },
        )

    def _period(self: Any, session: Session, question: Asked) -> tuple[str, changes.Round | None]:
        """Return the place to go on at, and what round of changes is read."""
        if question.changed_since is None:
            return question.next, None
        table = Plan(self.model).root
        if not changes.is_kept(table):
            raise Question(_("This list cannot be read by “changed_since”."), field="changed_since")
        if question.order:
            raise Question(
                _("With “changed_since” there is no “order_column”: changes have their own."),
                field="changed_since",
            )
        if question.next:
            return changes.again(question.next)
        return "", changes.begin(session, question.changed_since)

    def _order(self: Any, question: Asked, plan: Plan, period: changes.Round | None) -> Order:
        if period is not None:
            return Order(plan.root.c.changed_at, plan.root.c.id)
        if question.order and question.order.removeprefix("-") not in self.of.seen_order():
            raise Question(
                _("This list cannot be ordered by “%(name)s”.", name=question.order[:60])
            )
        return order_of(self.of, plan, question.order or None)[0]

    def asked_fields(self: Any, names: Sequence[str], *also: str) -> list[ApiField]:
        """Return the fields to show; `also` may be asked for too. Raises BadRequest."""
        fields: list[ApiField] = self.seen_fields(names)
        known = {field.name for field in self.seen_fields()}
        for name in names:
            if name not in known and name not in ("id", "version", *also):
                words = _("There is no field “%(name)s”.", name=name[:60])
                raise Question(words, field=name[:60])
        return fields

    def selection(
        self: Any, session: Session, question: Asked, *, archived: bool = False
    ) -> Selection:
        """Return which records a question means. Raises BadRequest."""
        found = Selection(Plan(self.model))
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
        found.where += codes.conditions(self, session, found.plan, question.codes)
        if question.words:
            search(found, session, question.words, self.of)
        if found.error:
            raise Question(found.error, field="search")
        return found


def _place(raw: str, order: Order) -> Any:
    place = read_place(raw, order.column.type)
    if raw and place is None:
        raise Question(_("“next” could not be read."), field="next")
    return place


def _ends(after: str | None, period: changes.Round | None) -> dict[str, Any]:
    if period is None:
        return {"next": after}
    if after is not None:
        # Only who has read the round to its end may begin the next one.
        return {"next": changes.with_place(after, period)}
    return {"next": None, "changed_until": period.until()}


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
