"""Which rows tell that a record of a resource has changed, and in what order they are read.

By the kind of its table:

- one with `changed_at` and an index for it: its own rows, in the order of their changes;
- lines of a document (`info["line_of"]`), which no index of their own serves: those of documents
  that were touched, by id. Whatever changes a line touches its document (install/changes.py);
- a ledger (`info["append_only"]`): from the id on before which all was told, by id;
- any other has no order of changes, and is not read by change.

What a record shows from other tables (a balance, figures, its contact points) tells of it, too: in
a second part, by id, without those that the first part gives.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, not_, select, union_all
from sqlalchemy.orm import Session

from app.kit.database.stamp import current_stamp
from app.kit.rest.changes import LONGEST, Round
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.screens.attrs import is_indexed, table_of
from app.kit.screens.paging import Sorting
from app.kit.screens.plan import ListPlan

_FIRST_STEP = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the records of a round, in their order."""

    order: Sorting
    where: list[ColumnElement[bool]]


def is_kept(table: Table) -> bool:
    """Whether a table can be read by change."""
    return _in_time(table) or _whole(table) is not None or _is_ledger(table)


def with_floor(session: Session, table: Table, one: Round) -> Round:
    """Return the round with the id below which a ledger has nothing to tell."""
    if _in_time(table) or not _is_ledger(table):
        return one
    return replace(one, floor=_floor(session, table, one))


def parts(resource: ResourceDeclaration, plan: ListPlan, one: Round) -> list[Part]:
    """Return what the round gives, part by part: no record stands in two of them."""
    root = plan.root
    own = _own(root, one)
    order = (
        Sorting(root.c.changed_at, root.c.id) if _in_time(root) else Sorting(root.c.id, root.c.id)
    )
    found = [Part(order, own)]
    told = list(_told_elsewhere(resource, one))
    if told:
        # Of a record that others tell of: its own row is not told as well.
        elsewhere = [root.c.id.in_(union_all(*told)), not_(and_(*own))]
        found.append(Part(Sorting(root.c.id, root.c.id), elsewhere))
    return found


def _in_time(table: Table) -> bool:
    return "changed_at" in table.c and is_indexed(table.c.changed_at)


def _is_ledger(table: Table) -> bool:
    return bool(table.info.get("append_only")) and "created_at" in table.c


def _whole(table: Table) -> tuple[str, Table] | None:
    """Return the column by which lines hang on their document, and its table."""
    key = table.info.get("line_of")
    if key is None or "changed_at" not in table.c:
        return None
    whole = table.metadata.tables[table.c[key].info["link"]]
    return (key, whole) if _in_time(whole) else None


def _own(table: Table, one: Round) -> list[ColumnElement[bool]]:
    if _in_time(table):
        return one.tells(table, "changed_at")
    if (document := _whole(table)) is not None:
        key, whole = document
        touched = select(whole.c.id).where(whole.c.changed_at >= one.bound)
        return [table.c[key].in_(touched), *one.tells(table, "changed_at")]
    return [table.c.id >= one.floor, *one.tells(table, "created_at")]


def _told_elsewhere(resource: ResourceDeclaration, one: Round) -> Iterator[Select[Any]]:
    """Give the ids of records of which another table's rows show something that has changed."""
    for path in dict.fromkeys(f.attr.path for f in resource.seen_fields() if f.attr.path):
        plan = ListPlan(resource.model)
        far = plan.source(path)
        table: Any = getattr(far, "element", far)
        # What never changes; and the persons of all companies, whose changes touch those of one.
        if table.info.get("append_only") or "company_id" not in table.c:
            continue
        stamp = current_stamp()
        if stamp is not None and stamp.bound and "bound_as" in table.info:
            yield _sums_of_stores(table, one)
            continue
        time = "changed_at" if "changed_at" in far.c else None
        yield plan.select(plan.root.c.id, where=one.tells(far, time))
    for nested in resource.nested.values():
        table = table_of(nested.model)
        if _in_time(table):
            yield select(table.c[nested.link]).where(*one.tells(table, "changed_at"))


def _sums_of_stores(table: Table, one: Round) -> Select[Any]:
    """Give the same for those who read sums of their stores: the rows that are summed tell it."""
    summed, key = table.info["bound_by"]
    source = table.metadata.tables[summed]
    return select(source.c[key]).where(*one.tells(source, None))


def _floor(session: Session, table: Table, one: Round) -> int:
    """Return an id from which on all rows are that were written after the round's bound.

    An entry is made within `LONGEST` of its transaction's beginning, so ids follow the time but
    for that. The steps back grow: a ledger of any length is asked some dozen times.
    """
    bound = one.bound - LONGEST
    newest = session.scalar(select(table.c.id).order_by(table.c.id.desc()).limit(1)) or 0
    step = _FIRST_STEP
    while (place := newest - step) > 0:
        entry = select(table.c.created_at).where(table.c.id >= place)
        made = session.scalar(entry.order_by(table.c.id).limit(1))
        if made is not None and made < bound:
            return place
        step *= 2
    return 0
