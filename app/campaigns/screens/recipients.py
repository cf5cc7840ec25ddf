"""Who was in the audience and what became of each: a list by state or reason, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, request
from flask import render_template as render
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns import queries
from app.campaigns.models import Campaign
from app.campaigns.screens.launching import crumbs
from app.clients.models import Client
from app.kit import clock, csv_text
from app.kit.access import NobodyReads, may, reader
from app.kit.database.session import work
from app.kit.errors import Conflict, NotFound
from app.kit.screens.export import PORTION
from app.kit.screens.models import ExportLog
from app.kit.screens.pages import Badge, Cell, Column, Empty, ListPage, Pager, Row, ViewTab
from app.kit.screens.paging import PAGE_SIZE
from app.kit.screens.screen_registry import screen_of_model
from app.kit.zones import local
from app.messages.choices import RecipientState, SkipReason
from app.web import formats

_BIGGEST = 2**31 - 1


def _dispatch_id(campaign: Campaign) -> int:
    if campaign.dispatch_id is None:
        raise Conflict(_("It is not scheduled yet."))
    return campaign.dispatch_id


def _asked() -> tuple[list[RecipientState], SkipReason | None]:
    """State and reason of the address; an unknown one is refused, never left out."""
    state, reason = request.args.get("state"), request.args.get("reason")
    try:
        states = [RecipientState(state)] if state else []
        return states, SkipReason(reason) if reason else None
    except ValueError as error:
        raise NotFound from error


def _after() -> int:
    raw = request.args.get("after", "")
    return int(raw) if raw.isascii() and raw.isdigit() and int(raw) <= _BIGGEST else 0


def respond(screen: Any, session: Session, campaign: Campaign) -> Any:
    """Answer GET recipients/<pk>, 50 at a time in the order they are written to."""
    dispatch_id = _dispatch_id(campaign)
    states, reason = _asked()
    statement = queries.recipients(dispatch_id, states=states, reason=reason, after=_after())
    found = session.execute(statement.limit(PAGE_SIZE + 1)).all()
    base = screen.url("recipients", campaign.id)
    more = found[PAGE_SIZE - 1].ord if len(found) > PAGE_SIZE else 0
    args = [f"{key}={request.args[key]}" for key in ("state", "reason") if request.args.get(key)]
    contacts = may("read", "contacts")
    page = ListPage(
        title=_("Recipients"),
        crumbs=crumbs(screen, campaign),
        facts=reason.label if reason else "",
        views=_views(session, base, dispatch_id, states, reason),
        searchable=False,
        columns=_columns(contacts=contacts),
        rows=[_row(one, contacts=contacts) for one in found[:PAGE_SIZE]],
        export_url="?".join([f"{base}/export", "&".join(args)]) if screen.may("export") else "",
        empty=None if found else Empty(_("Nobody here"), icon="users"),
        pager=Pager(next_url="&".join([f"{base}?after={more}", *args]) if more else ""),
    )
    return render("tresen/list.html", page=page)


def _views(
    session: Session,
    base: str,
    dispatch_id: int,
    states: list[RecipientState],
    reason: SkipReason | None,
) -> list[ViewTab]:
    """Return a tab for each state that somebody is in."""
    counts = queries.outcomes(session, dispatch_id)
    everybody = ViewTab(
        _("All"), base, formats.number(sum(counts.values())), current=not states and reason is None
    )
    return [everybody] + [
        ViewTab(state.label, f"{base}?state={state.value}", formats.number(n), states == [state])
        for state, n in ((one, counts.get(one, 0)) for one in RecipientState)
        if n
    ]


def _columns(*, contacts: bool) -> list[Column]:
    columns = [
        Column("client", _("Client"), "lead"),
        Column("state", _("State"), "badge"),
        Column("why", _("Why")),
        Column("at", _("Time"), "datetime"),
    ]
    if contacts:
        columns.insert(1, Column("address", _("Address")))
    return columns


def _row(one: Any, *, contacts: bool) -> Row:
    screen = screen_of_model(Client)
    seen = screen is not None and screen.may("read") and one.client_id
    url = screen.url("show", one.client_id) if screen is not None and seen else ""
    name = one.name if seen and one.name else _("Client %(id)s", id=one.client_id)
    why = one.skip_reason.label if one.skip_reason else _words(one)
    badge = Badge(one.state.label, one.state.tone)
    cells = [
        Cell(name, url=url),
        Cell(badge.label, tone=badge.tone),
        Cell(why),
        Cell(one.done_at),
    ]
    if contacts:
        cells.insert(1, Cell(one.address))
    return Row(str(one.ord), cells, label=name, url=url)


def _words(one: Any) -> str:
    """Return what the provider said, without the addresses that such texts repeat."""
    parts = [str(one.code)] if one.code and one.state not in _FINE else []
    if one.words and one.state not in _FINE and may("read", "contacts"):
        parts.append(one.words)
    return " ".join(parts)


_FINE = (RecipientState.ACCEPTED, RecipientState.DELIVERED, RecipientState.OUTBOX)


def download(screen: Any, session: Session, campaign: Campaign) -> Response:
    """Answer GET recipients/<pk>/export: the same rows, all of them, as CSV."""
    dispatch_id = _dispatch_id(campaign)
    states, reason = _asked()
    statement = queries.recipients(dispatch_id, states=states, reason=reason)
    contacts, clients = may("read", "contacts"), may("read", "Client")
    query = request.query_string.decode("ascii", "replace")[:1000]
    session.add(ExportLog(screen=f"{screen.name} recipients", query=query, columns="client, state"))
    session.flush()
    heads = [_("Client ID"), _("Client"), _("State"), _("Why"), _("Code"), _("Time")]
    heads += [_("Address")] if contacts else []
    stamp, zone = reader().stamp(), reader().time_zone
    if stamp is None:
        raise NobodyReads
    labels = {one: str(one.label) for kind in (RecipientState, SkipReason) for one in kind}

    def rows() -> Iterator[str]:
        yield csv_text.line(heads)
        with work(stamp) as own:
            found = own.execute(statement, execution_options={"yield_per": PORTION})
            for one in found:
                cells = [
                    one.client_id,
                    one.name if clients else None,
                    labels[one.state],
                    labels[one.skip_reason] if one.skip_reason else None,
                    one.code,
                    clock_text(one.done_at, zone),
                ]
                yield csv_text.line([*cells, one.address] if contacts else cells)

    name = f"recipients-{campaign.id}-{clock.now():%Y-%m-%d}.csv"
    return Response(
        rows(),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def clock_text(at: Any, zone: str) -> str | None:
    """Return a moment on the reader's clocks."""
    return local(at, zone).strftime("%Y-%m-%d %H:%M:%S") if at else None
