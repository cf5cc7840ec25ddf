"""The job behind a bulk run."""

import logging
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.access import Reader, reading
from app.kit.errors import CrmError
from app.kit.jobs import job
from app.kit.jobs.checkpoints import progress, resume_point
from app.kit.rights import words_of
from app.kit.screens.address import Address
from app.kit.screens.attrs import table_of
from app.kit.screens.bulk import right_of
from app.kit.screens.dberrors import as_refusal
from app.kit.screens.declaration import Declaration
from app.kit.screens.models import BulkRun, RunStatus
from app.kit.screens.saving import archive_one, refuse_archived
from app.kit.screens.screen_registry import screens
from app.kit.screens.selection import selection_of
from app.kit.security import auth_functions
from app.kit.security.readers import resolve, resolve_key

log = logging.getLogger(__name__)

PIECE = 200
MOST_REASONS = 50


@job(queue="bulk", timeout=3600)
def run_bulk(
    session: Session, run_id: int, membership_id: int | None, api_key_id: int | None = None
) -> dict[str, int]:
    """Do the action with every record that is meant, as the member or the key that started it.

    Commits after each piece and goes on from there, as long as they may.
    """
    run = session.get_one(BulkRun, run_id)
    screen = screens()[run.screen]
    start = int(resume_point(session, 0))
    while True:
        who = _who(membership_id, api_key_id)
        with reading(who):
            # The right may have been taken away, or the key, since the click or the last piece.
            if who is None or not screen.may(right_of(run.action)):
                return _end(run, {_("The right to do this is gone."): 1})
            _begin(session, run, screen, who)
            if start >= len(run.ids):
                return _end(run, {})
            piece = run.ids[start : start + PIECE]
            _do_piece(session, run, screen, piece, who.user_id)
            start += PIECE
            progress(session, start - PIECE + len(piece), run.total, point=start)


def _who(membership_id: int | None, api_key_id: int | None) -> Reader | None:
    """Return who acts, with what they may now: a key no more than a key."""
    with auth_functions.opened() as door:
        if api_key_id is not None:
            return resolve_key(door, auth_functions.live_key(door, api_key_id))
        return resolve(door, membership_id=membership_id) if membership_id else None


def _begin(session: Session, run: BulkRun, screen: Declaration, who: Reader) -> None:
    if run.status is RunStatus.QUEUED:
        if run.query is not None:
            run.ids = _matching(session, run, screen, who)
        run.total, run.status = len(run.ids), RunStatus.RUNNING
        progress(session, 0, run.total, point=0)


def _end(run: BulkRun, reasons: dict[str, int]) -> dict[str, int]:
    run.status, run.finished_at = RunStatus.DONE, clock.now()
    if reasons:
        run.reasons = {**run.reasons, **reasons}
    return {"done": run.done, "skipped": run.skipped, "failed": run.failed}


def _matching(session: Session, run: BulkRun, screen: Declaration, who: Reader) -> list[int]:
    """Return the ids of all that match now, as the list itself selects them."""
    address = Address.read("", run.query or "")
    selection = selection_of(screen, session, address, screen.filterable(), who.time_zone)
    if selection.nothing:
        return []
    pk = selection.plan.root.c.id
    return list(session.scalars(selection.plan.select(pk, where=selection.where).order_by(pk)))


def _do_piece(
    session: Session, run: BulkRun, screen: Declaration, ids: Sequence[int], by: int
) -> None:
    found: dict[int, Any] = {
        obj.id: obj
        for obj in session.scalars(
            select(screen.model).where(table_of(screen.model).c.id.in_(ids), *screen.always())
        )
    }
    reasons = dict(run.reasons)
    for pk in ids:
        obj = found.get(pk)
        if obj is None:
            run.skipped += 1
            _count(reasons, _("It is no longer there."))
            continue
        outcome, reason = _do_one(session, run, screen, obj, by)
        if outcome == "done":
            run.done += 1
        elif outcome == "skipped":
            run.skipped += 1
        else:
            run.failed += 1
        if reason:
            _count(reasons, reason)
    run.reasons = reasons


def _count(reasons: dict[str, int], reason: str) -> None:
    key = reason if reason in reasons or len(reasons) < MOST_REASONS else _("Other reasons")
    reasons[key] = reasons.get(key, 0) + 1


def _do_one(
    session: Session, run: BulkRun, screen: Declaration, obj: Any, by: int
) -> tuple[str, str]:
    """Do the action with one record in a savepoint: a refusal leaves the others alone."""
    try:
        with session.begin_nested():
            if run.action == "archive" and run.action not in screen.bulk:
                if obj.archived_at is None:
                    archive_one(screen, session, obj, by=by)
            else:
                if run.action != "archive":
                    refuse_archived(obj)
                screen.bulk[run.action].operation(session, obj, by=by, at=clock.now())
                session.flush()
    except CrmError as error:
        return "skipped", str(words_of(error))
    except SQLAlchemyError as error:
        refusal = as_refusal(error)
        if refusal is None:
            log.exception("Bulk run %s failed at %s", run.id, obj.id)
        return "failed", str(refusal.message) if refusal is not None else _("Something went wrong.")
    return "done", ""
