"""Bulk actions: ticked rows, or all that match, done by a job piece by piece, with progress."""

from collections.abc import Sequence
from typing import Any, cast

from flask import abort, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kit.access import reader, require
from app.kit.database.session import db
from app.kit.errors import Invalid, NotFound
from app.kit.jobs import defer
from app.kit.screens.address import Address
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import BulkAction
from app.kit.screens.models import BulkRun, RunStatus
from app.kit.screens.pages import (
    Badge,
    Cell,
    Column,
    Link,
    ProgressPage,
    Row,
    StatTile,
    TableCard,
    Text,
    Tone,
)
from app.kit.screens.paging import BIGGEST_ID, read_id
from app.kit.screens.selection import selection_of

JOB = "app.kit.screens.jobs.run_bulk"
MOST_TICKED = 1000


def right_of(action: str) -> str:
    """Return the permission that a bulk action needs."""
    return "delete" if action == "archive" else action


def start(screen: Declaration) -> Any:
    """Answer POST bulk: note what is meant, and have a job do it."""
    name = request.form.get("action", "")
    refuse_bulk(screen, name)
    everything = request.form.get("all") == "1"
    ticked = (read_id(raw) for raw in request.form.getlist("rowid"))
    ids = list(dict.fromkeys(pk for pk in ticked if pk is not None))
    if not everything and not 0 < len(ids) <= MOST_TICKED:
        raise Invalid(_("Tick at least one row."))
    address = Address.of(screen.list_url(), request.args)
    run = note_run(screen, db.session(), name, address if everything else ids)
    return redirect(screen.url("bulk", run.id))


def refuse_bulk(screen: Declaration, name: str) -> None:
    """Raise NotFound for what is not done in bulk, MissingRight for who may not do it."""
    if name not in screen.bulk and not (name == "archive" and screen.archives):
        raise NotFound
    require(right_of(name), screen.view)


def note_run(
    screen: Declaration, session: Session, action: str, meant: Address | Sequence[int]
) -> BulkRun:
    """Note which records are meant, by their ids or as a list's address, and have a job do it.

    Raises Invalid for an address that does not give all that it means.
    """
    who = reader()
    ids, query = [], None
    if isinstance(meant, Address):
        chosen = selection_of(screen, session, meant, screen.filterable(), who.time_zone)
        chosen.insist_on_all()
        query = meant.rows
    else:
        ids = list(meant)
    run = BulkRun(
        user_id=who.user_id,
        screen=screen.name,
        action=action,
        query=query,
        ids=ids,
        store_ids=list(who.store_ids) if who.store_ids is not None else None,
        zone=who.time_zone,
        total=len(ids),
        reasons={},
    )
    session.add(run)
    session.flush()
    defer(session, JOB, run.id, who.membership_id, who.api_key_id)
    return run


def progress(screen: Declaration, pk: int) -> Any:
    """Answer GET bulk/<pk>; with `part=1` only the live part, for polling."""
    run = own_run(screen, db.session(), pk)
    page = _page(screen, run)
    part = request.args.get("part") == "1"
    template = "tresen/fragment/progress.html" if part else "tresen/progress.html"
    return render_template(template, page=page)


def own_run(screen: Declaration, session: Session, pk: int) -> BulkRun:
    """Return a run of this reader on this screen. Raises NotFound."""
    if pk > BIGGEST_ID:
        abort(404)
    run = session.scalars(select(BulkRun).where(BulkRun.id == pk)).one_or_none()
    if run is None or run.user_id != reader().user_id or run.screen != screen.name:
        raise NotFound
    return run


def label_of(screen: Declaration, action: str) -> Text:
    """Return what the action is called."""
    known: BulkAction | None = screen.bulk.get(action)
    return known.label if known is not None else _("Archive")


def _page(screen: Declaration, run: BulkRun) -> ProgressPage:
    counted = run.done + run.skipped + run.failed
    over = run.status is RunStatus.DONE
    cards = []
    if run.reasons:
        rows = [
            Row(str(number), [Cell(reason), Cell(count)])
            for number, (reason, count) in enumerate(run.reasons.items())
        ]
        columns = [Column("reason", _("Reason"), "lead"), Column("count", _("Records"), "num")]
        cards.append(TableCard(_("Not done, and why"), columns, rows))
    headline = _("%(done)s of %(total)s done", done=counted, total=run.total)
    return ProgressPage(
        title=label_of(screen, run.action),
        crumbs=[Link(screen.area.label), Link(screen.label, screen.list_url())],
        headline=_("Done") if over else headline if run.total else _("Waiting to begin"),
        done=counted,
        total=run.total or (None if not over else 0),
        sentence=_("You may leave this page: the work goes on.") if not over else "",
        state=Badge(run.status.label, cast("Tone", run.status.tone)),
        tiles=[
            StatTile(_("Done"), str(run.done), tone="good"),
            StatTile(_("Skipped"), str(run.skipped)),
            StatTile(_("Failed"), str(run.failed), tone="bad" if run.failed else ""),
        ],
        cards=cards,
        poll_url="" if over else f"{screen.url('bulk', run.id)}?part=1",
    )
