"""The remote options of a select field: a few rows for what was typed, under the policies."""

from typing import Any, cast

from flask import abort, jsonify, request
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.kit.access import may
from app.kit.database.session import db
from app.kit.fold import fold
from app.kit.screens.attrs import (
    Attr,
    UnknownColumn,
    apart_columns,
    called,
    fold_column,
    lines_of,
    link_of,
    mapper_of,
    resolve,
    table_of,
    title_column,
    told_apart,
)
from app.kit.screens.declaration import Declaration
from app.kit.screens.filters import LAST
from app.kit.screens.paging import read_id
from app.kit.screens.searching import find

SHOWN = 20


def respond(screen: Declaration, name: str) -> Any:
    """Answer GET lookup/<name>?q=…, or ?id=… for the name of one record."""
    attr = relation_of(screen, name)
    if attr is None or not screen.sees(attr):
        abort(404)
    session, ids = db.session(), request.args.getlist("id")
    if ids:
        found = options(session, attr, ids=[pk for one in ids[:100] if (pk := read_id(one))])
        return jsonify(results=found, pagination={"more": False})
    within = read_id(request.args.get("within", "")) if attr.within else None
    if attr.within and within is None:
        return jsonify(results=[], pagination={"more": False})
    words = request.args.get("q", "").replace("\x00", "").strip()[:100]
    found = options(session, attr, words=words, within=within)
    return jsonify(results=found[:SHOWN], pagination={"more": len(found) > SHOWN})


def relation_of(screen: Declaration, name: str) -> Attr | None:
    """Return the relation that a form, a filter or a line of the screen chooses by.

    None for anything else.
    """
    lines, _, column = name.partition(":")
    if column:
        declared = next((one for one in screen.lines if one.name == lines), None)
        if declared is None or column not in declared.columns:
            return None
        child = lines_of(screen.model, lines)[0]
        attr = resolve(child, column)
    elif name in (*screen.section_names, *screen.filters):
        try:
            attr = screen.attr(name)
        except UnknownColumn:
            return None
    else:
        return None
    return attr if attr.target is not None else None


def options(
    session: Session,
    attr: Attr,
    *,
    words: str = "",
    ids: list[int] | None = None,
    within: int | None = None,
) -> list[dict[str, object]]:
    """Up to 21 records that `attr` may lead to, as {"id", "text"}; of those `within` a record."""
    target = cast("type[Any]", attr.target)
    table, title = table_of(target), title_column(target)
    if title.info.get("guard") and not may("read", title.info["guard"]):
        title = table.c.id
    apart = apart_columns(target)
    statement = select(table.c.id, title, *apart).limit(SHOWN + 1 if ids is None else len(ids))
    if within is not None:
        link = link_of(mapper_of(target).relationships[attr.within])
        statement = statement.where(table.c[link.name] == within)
    if ids is not None:
        statement = statement.where(table.c.id.in_(ids))
    else:
        if "archived_at" in table.c:
            statement = statement.where(table.c.archived_at.is_(None))
        if words and table.info.get("search"):
            statement = statement.where(table.c.id.in_(find(session, table, words, SHOWN + 1)))
        elif words:
            statement = statement.where(_starts(title, words))
        key = fold_column(title)
        statement = (
            statement.order_by(key, table.c.id)
            if words
            else statement.order_by(table.c.id if within else table.c.id.desc())
        )
    rows: Any = session.execute(statement)
    return [
        {"id": one, "text": told_apart(target, called(name, one), values)}
        for one, name, *values in rows
    ]


def _starts(title: Any, words: str) -> Any:
    key = fold_column(title)
    if title.primary_key:
        return title == (read_id(words) or 0)
    wanted = fold(words) if key is not title else words
    return and_(key >= wanted, key < wanted + LAST)
