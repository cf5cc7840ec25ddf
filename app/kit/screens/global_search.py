"""The search over everything: what was typed, in each screen that the reader may open.

A few statements for each kind of record, by the search functions that the lists use; a screen whose
name column is hidden from the reader is not looked through.
"""

from typing import Any
from urllib.parse import quote

from flask import render_template, request
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit.access import may, reader
from app.kit.database.session import db
from app.kit.phone import display_phone
from app.kit.screens.attrs import Attr, called, table_of, title_column
from app.kit.screens.cells import has_archive
from app.kit.screens.declaration import Declaration
from app.kit.screens.pages import Empty, SearchGroup, SearchHit, SearchPage
from app.kit.screens.screen_registry import screens
from app.kit.screens.searching import find

SHOWN = 5
LOOKED_AT = 1000
"""Ids asked for: archived records are among them, and each of several words finds its own."""
LONGEST = 200


class SearchView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """`/search/?q=…`: the first few records of each kind that fit."""

    route_base = "/search"
    default_view = "search"
    base_permissions: list[str] = []

    @expose("/")
    def search(self) -> Any:
        """Show what fits, by kind, each with a link to the list that has all of it."""
        who, words = reader(), request.args.get("q", "").replace("\x00", "").strip()[:LONGEST]
        groups = found(db.session(), words) if words and who.company_id is not None else []
        hint = _("A name, a phone number, an email address or the number of an order.")
        empty = None if words else Empty(_("What are you looking for?"), hint, "search")
        title = _("Search for “%(words)s”", words=words) if words else _("Search")
        page = SearchPage(title=title, query=words, groups=groups, empty=empty)
        return render_template("tresen/search.html", page=page)


def found(session: Session, words: str) -> list[SearchGroup]:
    """Return what fits, a group for each kind of record of which there is some."""
    groups = [
        _group(session, screen, words)
        for screen in screens().values()
        if screen.menu and screen.searches and screen.may("read")
    ]
    return [group for group in groups if group.hits]


def _group(session: Session, screen: Declaration, words: str) -> SearchGroup:
    table, title = table_of(screen.model), title_column(screen.model)
    guard = title.info.get("guard")
    ids = find(session, table, words, LOOKED_AT) if not guard or may("read", guard) else []
    if not ids:
        return SearchGroup(screen.label, screen.icon, [])
    more = _second(screen, title.name)
    columns = [table.c.id, title, *([more.column] if more else [])]
    statement = select(*columns).where(table.c.id.in_(ids), *screen.always())
    if has_archive(screen.model):
        statement = statement.where(table.c.archived_at.is_(None))
    hits = [
        SearchHit(called(row[1], row[0]), f"{screen.url('show')}/{row[0]}", _said(more, row[2:]))
        for row in session.execute(statement.order_by(table.c.id.desc()).limit(SHOWN))
    ]
    return SearchGroup(screen.label, screen.icon, hits, f"{screen.list_url()}?q={quote(words)}")


def _second(screen: Declaration, title: str) -> Attr | None:
    """Return what tells two records of one name apart: the first other text of the list."""
    for name in screen.list_columns:
        if name == title or name in screen.computed:
            continue
        attr = screen.attr(name)
        if not attr.path and attr.kind == "text" and attr.target is None and screen.sees(attr):
            return attr
    return None


def _said(attr: Attr | None, values: Any) -> str:
    value = values[0] if attr is not None and values else None
    if not value:
        return ""
    return display_phone(value) if attr is not None and attr.form == "phone" else str(value)


SCREENS = (SearchView,)
