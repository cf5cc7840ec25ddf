"""The list behind new and returning clients: exactly those that the figure counted."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clients.models import Client
from app.insights.queries import buyers as queries
from app.insights.queries.buyers import Who
from app.insights.screens import wording
from app.insights.screens.reading import asked_of, today_of
from app.kit.access import Reader
from app.kit.screens.pages import Cell, Column, Empty, Link, ListPage, Note, Pager, Row
from app.kit.screens.paging import BIGGEST_ID, PAGE_SIZE
from app.kit.screens.screen_registry import screen_of_model
from app.web import formats


def page(session: Session, who: Reader, base: str, dashboard: str) -> ListPage:
    """Return new or returning clients of the days in the address, 50 at a time."""
    kind: Who = "returning" if request.args.get("who") == "returning" else "new"
    asked, _stores = asked_of(session, who, base)
    period, scope = asked.spans.now, asked.scope
    count = queries.count_buyers(session, period, scope, kind)
    found = queries.page_of_buyers(
        session, period, scope, kind, after=_after(), limit=PAGE_SIZE + 1
    )
    more = found[PAGE_SIZE - 1].client_id if len(found) > PAGE_SIZE else 0
    days = wording.days_in_words(period, today_of(who))
    money = who.may("read", "money")
    return ListPage(
        title=_("New clients") if kind == "new" else _("Returning clients"),
        crumbs=[Link(_("Dashboard"), f"{dashboard}?{asked.about(period)}")],
        facts=_said(kind, days),
        notes=[Note(problem, "bad") for problem in asked.problems],
        searchable=False,
        count_text=formats.number(count),
        columns=_columns(who, money=money),
        rows=[_row(one, money=money) for one in found[:PAGE_SIZE]],
        empty=None if found else Empty(_("Nobody in these days"), icon="users"),
        pager=Pager(next_url=asked.url(who=kind, after=str(more)) if more else ""),
    )


def _after() -> int:
    raw = request.args.get("after", "")
    return int(raw) if raw.isascii() and raw.isdigit() and int(raw) <= BIGGEST_ID else 0


def _said(kind: Who, days: str) -> str:
    if kind == "new":
        return _("%(days)s · their very first order is one of these days", days=days)
    return _("%(days)s · they ordered in these days, and had ordered before", days=days)


def _columns(who: Reader, *, money: bool) -> list[Column]:
    columns = [
        Column("client", _("Client"), "lead"),
        Column("first_on", _("First order"), "date"),
        Column("orders", _("Orders"), "num"),
    ]
    if money:
        columns.append(Column("gross", _("Revenue"), "money", currency=who.currency))
    return columns


def _row(one: Any, *, money: bool) -> Row:
    screen = screen_of_model(Client)
    url = screen.url("show", one.client_id) if screen is not None else ""
    cells = [Cell(one.name), Cell(one.first_on), Cell(one.orders)]
    cells += [Cell(one.gross)] if money else []
    return Row(str(one.client_id), cells, label=one.name, url=url)
