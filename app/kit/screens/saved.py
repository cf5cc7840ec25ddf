"""Saved views: the address of a list under a name, and the columns a person wants to see first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, redirect, request
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.kit.access import may, reader
from app.kit.database.session import db
from app.kit.errors import Invalid, NotFound, Refused
from app.kit.screens.address import Address
from app.kit.screens.declaration import Declaration
from app.kit.screens.models import SavedView as Saved
from app.kit.screens.pages import Action, ViewTab
from app.kit.screens.paging import BIGGEST_ID

SHARE = ("share", "SavedView")
"""The right to show a view to everybody who may read the list."""
USUAL = ""
"""The name of a person's own default view."""


@dataclass(frozen=True, slots=True)
class View:
    """One saved view as read for a page."""

    id: int
    name: str
    query: str
    mine: bool


def views_of(screen: Declaration, session: Session) -> list[View]:
    """Return the reader's own views of this list and the shared ones, by name; one query."""
    me = reader().user_id
    rows = session.execute(
        select(Saved.id, Saved.name, Saved.query, Saved.user_id)
        .where(Saved.screen == screen.name, or_(Saved.user_id == me, Saved.shared.is_(True)))
        .order_by(Saved.name, Saved.id)
    )
    return [
        View(pk, name, query, owner == me)
        for pk, name, query, owner in rows
        if name != USUAL or owner == me
    ]


def default_address(screen: Declaration, views: Sequence[View], address: Address) -> Address:
    """Return the reader's own default, for an address that asks for nothing."""
    usual = next((view for view in views if view.name == USUAL), None)
    if usual is None:
        return address
    return Address.read(address.base, usual.query)


def tabs(screen: Declaration, views: Sequence[View], address: Address) -> list[ViewTab]:
    """Return the tabs over the list."""
    named = [view for view in views if view.name != USUAL]
    if not named:
        return []
    now = sorted(parse_qsl(address.query))
    found = [ViewTab(_("All"), address.url([("o", _first_order(screen))]), current=False)]
    for view in named:
        current = sorted(parse_qsl(view.query)) == now
        delete = Action(
            _("Delete the view “%(name)s”", name=view.name),
            screen.url(f"views/{view.id}/delete"),
            "trash",
            method="post",
            danger=True,
        )
        url = f"{address.base}?{view.query}" if view.query else address.base
        found.append(
            ViewTab(
                view.name, url, current=current, delete=delete if current and view.mine else None
            )
        )
    if not any(view.current for view in found):
        found[0] = ViewTab(found[0].name, found[0].url, current=True)
    return found


def _first_order(screen: Declaration) -> str:
    return ("-" if screen.order[1] == "desc" else "") + screen.order[0]


def save(screen: Declaration) -> Any:
    """Save the address under a name; without a name it becomes the reader's own default."""
    session, me = db.session(), reader().user_id
    name = request.form.get("name", "").replace("\x00", "").strip()
    shared = request.form.get("shared") in ("1", "y", "on", "true")
    query = request.form.get("query", "").lstrip("?")
    if len(name) > 80 or len(query) > 4000:
        raise Invalid(_("A view's name has at most 80 characters."), field="name")
    if shared and not may(*SHARE):
        raise Refused
    query = Address.read(screen.list_url(), query).query
    view = session.scalars(
        select(Saved).where(Saved.screen == screen.name, Saved.user_id == me, Saved.name == name)
    ).one_or_none()
    if view is None:
        view = Saved(screen=screen.name, user_id=me, name=name)
        session.add(view)
    view.query, view.shared = query, shared and bool(name)
    session.flush()
    return redirect(f"{screen.list_url()}?{query}" if query else screen.list_url())


def delete(screen: Declaration, pk: int) -> Any:
    """Delete a view of the reader's own."""
    session = db.session()
    if pk > BIGGEST_ID:
        abort(404)
    view = session.get(Saved, pk)
    if view is None or view.user_id != reader().user_id or view.screen != screen.name:
        raise NotFound
    session.delete(view)
    session.flush()
    return redirect(screen.list_url())
