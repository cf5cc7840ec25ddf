"""Long jobs commit in pieces, say how far they are, and go on where they were interrupted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.jobs import faults
from app.kit.jobs.deferring import plain_json
from app.kit.jobs.lease import Claim, Fenced, Stopped

_PROGRESS = text("""
update job set progress_done = coalesce(:done, progress_done),
  progress_total = coalesce(:total, progress_total),
  progress_text = coalesce(:words, progress_text),
  point = coalesce(cast(:point as jsonb), point), lease_until = clock_timestamp() + :lease
 where id = :id and epoch = :epoch and state = 'running' returning stop_asked""")


def progress(
    session: Session,
    done: int | None = None,
    total: int | None = None,
    words: str | None = None,
    *,
    point: Any = None,
) -> None:
    """Commit what the job has done so far together with how far it is.

    `point` is what `resume_point` gives when the job is interrupted and run again. Outside a job (a
    command, a test) it only flushes: the boundary commits. Raises Fenced when the job was taken
    over and Stopped when it was cancelled; let both pass.
    """
    claim: Claim | None = session.info.get("job")
    session.flush()
    if claim is None:
        return
    values = {
        "id": claim.id,
        "epoch": claim.epoch,
        "lease": claim.lease,
        "done": done,
        "total": total,
        "words": words,
        "point": None if point is None else plain_json(point),
    }
    held = session.execute(_PROGRESS, values).first()
    if held is None:
        raise Fenced
    session.commit()
    faults.reach("piece")
    if held.stop_asked:
        raise Stopped


def resume_point(session: Session, otherwise: Any = None) -> Any:
    """Return the `point` of the last piece committed by an earlier attempt of this job."""
    claim: Claim | None = session.info.get("job")
    return otherwise if claim is None or claim.point is None else claim.point
