"""Finding records by what they are known by elsewhere: `?sku=…`, `?number=…`, `?email=…`.

Every text that is unique in its company is such a code by itself; a screen adds others, such as a
client's phone (`Screen.codes`). Compared is the whole value, as it is kept: a phone or an email may
be written in any way.
"""

from collections.abc import Mapping

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, Text, UniqueConstraint
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.errors import Invalid
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.query_parameters import BadRequest, Question
from app.kit.screens.attrs import fold_column, table_of
from app.kit.screens.plan import ListPlan

LONGEST = 500


def names_of(resource: ResourceDeclaration) -> list[str]:
    """Return the codes that this reader may find records by."""
    known = {field.name: field for field in resource.seen_fields()}
    table = table_of(resource.model)
    unique = _unique(table)
    found = [name for name in known if name in unique]
    found += [name for name in resource.pair if name not in found]
    more = [n for n, one in resource.of.codes.items() if not one.guard or may("read", one.guard)]
    return [*found, *(name for name in more if name not in found)]


def conditions(
    resource: ResourceDeclaration, session: Session, plan: ListPlan, given: Mapping[str, str]
) -> list[ColumnElement[bool]]:
    """Return the conditions of the codes that were asked for. Raises BadRequest."""
    found: list[ColumnElement[bool]] = []
    for name in resource.pair[:1]:
        if name not in given and resource.pair[1] in given:
            words = _("Send “%(name)s” with “%(other)s”.", name=name, other=resource.pair[1])
            raise Question(words, field=name)
    for name, value in given.items():
        if not value or len(value) > LONGEST:
            raise BadRequest(_("“%(name)s” has 1 to 500 characters.", name=name), field=name)
        try:
            found.append(_condition(resource, session, plan, name, value))
        except Invalid as error:
            raise Question(error.message, field=name) from error
    return found


def _condition(
    resource: ResourceDeclaration, session: Session, plan: ListPlan, name: str, value: str
) -> ColumnElement[bool]:
    if name in resource.of.codes:
        return resource.of.codes[name].condition(session, value)
    if name in resource.pair:
        return plan.root.c[name] == value
    attr = resource.of.attr(name)
    field = resource.all_fields[name]
    return plan.root.c[attr.column.name] == field.write(value)


def _unique(table: Table) -> set[str]:
    """Return the texts that are unique in their company by themselves."""
    texts = [column.name for column in table.c if isinstance(column.type, Text)]
    return {
        name
        for name in texts
        if _is_unique(table, (name,)) or _is_unique(table, (fold_column(table.c[name]).name,))
    }


def _is_unique(table: Table, names: tuple[str, ...]) -> bool:
    wanted = ["company_id", *names]
    for one in table.constraints:
        if isinstance(one, UniqueConstraint) and [c.name for c in one.columns] == wanted:
            return True
    return any(
        index.unique and [getattr(part, "name", None) for part in index.expressions] == wanted
        for index in table.indexes
    )
