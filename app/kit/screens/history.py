"""The history of a record, from the audit trail, limited to what its reader may see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from sqlalchemy import Column, Select, Table, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.choices import choices_of
from app.kit.database.audit import AuditEntry
from app.kit.database.model import Model
from app.kit.database.session import db
from app.kit.money import from_stored, is_money
from app.kit.screens import user_names
from app.kit.screens.attrs import called, lines_of, mapper_of, table_of, title_column
from app.kit.screens.declaration import Declaration
from app.kit.screens.json_formats import in_words
from app.kit.screens.pages import FieldChange, HistoryEntry, HistoryPage, Kind
from app.kit.screens.paging import read_id
from app.kit.screens.record import load_or_404

SHOWN = 30
_MOST_LINES = 500
_HIDDEN = {"id", "company_id", "version", "created_at", "created_by", "changed_at", "changed_by"}


def respond(screen: Declaration, pk: int) -> Any:
    """Answer GET history/<pk>: the fragment of the history tab."""
    session = db.session()
    obj = load_or_404(screen, session, pk)
    entries = _entries(session, screen, pk, request.args.get("before", ""))
    names = user_names.names(
        session, {entry.user_id for entry in entries} | {getattr(obj, "created_by", None)}
    )
    linked = _linked(session, screen, entries)
    made = [_entry(screen, one, names, linked) for one in entries[:SHOWN]]
    shown = [entry for entry in made if entry is not None]
    older = ""
    if len(entries) > SHOWN:
        older = f"{screen.url('history', pk)}?before={entries[SHOWN - 1].id}"
    elif getattr(obj, "created_at", None) is not None:
        who = names.get(getattr(obj, "created_by", None), "")
        shown.append(HistoryEntry(obj.created_at, _("Created"), who, "plus"))
    page = HistoryPage(entries=shown, older_url=older, empty=_("Nothing has changed yet."))
    return render_template("tresen/fragment/history.html", page=page)


def _entries(session: Session, screen: Declaration, pk: int, before: str) -> Sequence[AuditEntry]:
    """Return the newest entries about the record and its lines, one more than are shown."""
    child = [_children(session, screen, pk, lines.name) for lines in screen.lines]
    about = or_(
        and_(AuditEntry.table_name == table_of(screen.model).name, AuditEntry.row_id == pk),
        *(
            and_(AuditEntry.table_name == name, AuditEntry.row_id.in_(ids))
            for name, ids in child
            if ids
        ),
    )
    statement = select(AuditEntry).where(about).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    last_id = read_id(before)
    if last_id is not None:
        last = select(AuditEntry.at, AuditEntry.id).where(AuditEntry.id == last_id).limit(1)
        row = session.execute(last).one_or_none()
        if row is not None:
            statement = statement.where(
                tuple_(AuditEntry.at, AuditEntry.id) < tuple_(row.at, row.id)
            )
    return session.scalars(statement.limit(SHOWN + 1)).all()


def _children(session: Session, screen: Declaration, pk: int, name: str) -> tuple[str, set[int]]:
    """Return the table of these lines and the ids of those that are there or were removed."""
    child, link = lines_of(screen.model, name)
    table = table_of(child)
    present = session.scalars(select(table.c.id).where(table.c[link] == pk).limit(_MOST_LINES))
    ids = set(present)
    if table.info.get("line_of") == link:
        ids.update(session.scalars(_removed(table, pk)))
    return table.name, ids


def _removed(table: Table, pk: int) -> Select[Any]:
    """Select the ids of the record's lines that are gone, the last ones first."""
    return (
        select(AuditEntry.row_id)
        .where(
            AuditEntry.table_name == table.name,
            AuditEntry.whole_id == pk,
            AuditEntry.action == "delete",
        )
        .order_by(AuditEntry.at.desc())
        .limit(_MOST_LINES)
    )


def _entry(
    screen: Declaration,
    one: AuditEntry,
    names: dict[int | None, str],
    linked: dict[tuple[str, int], str],
) -> HistoryEntry | None:
    table = Model.metadata.tables.get(one.table_name)
    if table is None:
        return None
    before, after = one.before or {}, one.after or {}
    changes = []
    for key in dict.fromkeys((*before, *after)):
        column = table.c.get(key)
        if column is None or key in _HIDDEN or column.info.get("label", "") is None:
            continue
        if one.action == "delete" and (before[key] is None or key == table.info.get("line_of")):
            continue
        if column.info.get("guard") and not may("read", column.info["guard"]):
            continue
        if key == "archived_at":
            continue
        changes.append(_change(column, before.get(key), after.get(key), linked))
    text, icon = _what(one, screen, table.name)
    if not changes and one.action == "update" and "archived_at" not in after:
        return None
    return HistoryEntry(one.at, text, names.get(one.user_id, ""), icon, changes=changes)


def _what(one: AuditEntry, screen: Declaration, table: str) -> tuple[str, str]:
    own = table == table_of(screen.model).name
    after = one.after or {}
    if one.action == "delete":
        return (_("Deleted"), "trash") if own else (_("A line was removed"), "trash")
    if "archived_at" in after and own:
        return (
            (_("Archived"), "archive") if after["archived_at"] else (_("Restored"), "archive-off")
        )
    return (_("Changed"), "edit") if own else (_("A line was changed"), "edit")


def _change(
    column: Column[Any], before: Any, after: Any, linked: dict[tuple[str, int], str]
) -> FieldChange:
    label = column.info.get("label") or column.name.replace("_", " ").capitalize()
    kind: Kind = "text"
    if is_money(column):
        kind = "price" if column.info.get("unit_price") else "money"
    if choices_of(column) is not None:
        kind = "badge"
    return FieldChange(label, _value(column, before, linked), _value(column, after, linked), kind)


def _value(  # noqa: PLR0911 -- one answer for each kind of column
    column: Column[Any], raw: Any, linked: dict[tuple[str, int], str]
) -> object:
    """Return a value of the JSON image as its column means it."""
    if raw is None:
        return None
    if is_money(column):
        return from_stored(int(raw))
    choices = choices_of(column)
    if choices is not None:
        return choices(raw) if raw in {member.value for member in choices} else raw
    if "link" in column.info:
        return linked.get((column.info["link"], int(raw))) or called(None, raw)
    wanted = getattr(column.type, "python_type", str)
    if wanted is datetime and isinstance(raw, str):
        return datetime.fromisoformat(raw)
    if wanted is date and isinstance(raw, str):
        return date.fromisoformat(raw)
    return raw if isinstance(raw, bool | int | float | str) else in_words(column, raw)


def _linked(
    session: Session, screen: Declaration, entries: Sequence[AuditEntry]
) -> dict[tuple[str, int], str]:
    """(table, id) → name of what the changed links lead to; one query for each table."""
    wanted: dict[str, set[int]] = {}
    for one in entries:
        table = Model.metadata.tables.get(one.table_name)
        if table is None:
            continue
        for key, value in (*(one.before or {}).items(), *(one.after or {}).items()):
            column = table.c.get(key)
            if column is not None and "link" in column.info and value is not None:
                wanted.setdefault(column.info["link"], set()).add(int(value))
    found: dict[tuple[str, int], str] = {}
    models = {table_of(m.class_).name: m.class_ for m in mapper_of(screen.model).registry.mappers}
    for name, ids in wanted.items():
        table, title = Model.metadata.tables[name], title_column(models[name])
        rows: Any = session.execute(select(table.c.id, title).where(table.c.id.in_(ids)))
        found |= {(name, pk): called(text, pk) for pk, text in rows}
    return found
