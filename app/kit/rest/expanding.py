"""`expand=lines,client`: what hangs on the records, in one query for each name.

Lines come under their own name, as with a single record. A record that is referred to comes under
`expanded`, as its own resource shows it: under that resource's right and guards, and null where the
policies hide it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit.access import require
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.query_parameters import BadRequest, Question
from app.kit.rest.resource_registry import resources
from app.kit.rest.rows import as_object, selected
from app.kit.screens.plan import ListPlan

MOST = 5


def targets(resource: ResourceDeclaration) -> dict[str, ResourceDeclaration]:
    """Return the references that can be expanded: those to records with a resource of their own."""
    by_model: dict[Any, ResourceDeclaration] = {}
    for one in resources().values():
        if one.of.where is None:
            by_model.setdefault(one.model, one)
    return {
        field.name: by_model[field.attr.target]
        for field in resource.seen_fields()
        if field.attr.target in by_model
    }


def read_names(resource: ResourceDeclaration, raw: str) -> list[str]:
    """Return what is to be expanded. Raises BadRequest, and MissingRight."""
    names = raw.split(",") if raw else []
    if len(names) > MOST:
        raise BadRequest(_("At most %(number)s can be expanded.", number=MOST), field="expand")
    known = targets(resource)
    for name in names:
        if name in resource.nested:
            continue
        if name not in known:
            words = _("“%(name)s” cannot be expanded here.", name=name[:60])
            raise Question(words, field="expand")
        require("read", known[name].view)
    return list(dict.fromkeys(names))


def links_of(resource: ResourceDeclaration, plan: ListPlan, names: Iterable[str]) -> list[Any]:
    """Return what to select so that `expand` finds the references."""
    return [
        plan.column(resource.of.attr(name)).label(f"e_{name}")
        for name in names
        if name not in resource.nested
    ]


def expand(
    resource: ResourceDeclaration,
    session: Session,
    names: Iterable[str],
    ids: Sequence[int],
    found: Sequence[dict[str, Any]],
    links: Sequence[Any],
) -> None:
    """Add to the objects `found` what `names` say.

    `links` are rows that carry the ids of the references, by name.
    """
    known = targets(resource)
    for name in names:
        if name in resource.nested:
            lines = resource.nested[name].read_many(session, ids)
            for pk, one in zip(ids, found, strict=True):
                one[name] = lines.get(pk, [])
            continue
        wanted = {getattr(row, f"e_{name}") for row in links}
        records = _records(known[name], session, wanted - {None})
        for row, one in zip(links, found, strict=True):
            record = records.get(getattr(row, f"e_{name}"))
            one.setdefault("expanded", {})[name] = record


def _records(
    resource: ResourceDeclaration, session: Session, ids: set[int]
) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    plan = ListPlan(resource.model)
    columns, writers = selected(plan, resource.seen_fields())
    where = [plan.root.c.id.in_(sorted(ids)), *resource.of.always()]
    rows = session.execute(plan.select(plan.root.c.id.label("id"), *columns, where=where))
    return {row.id: as_object(row, writers) for row in rows}
