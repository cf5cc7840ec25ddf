"""What people may do to a job: try a failed one again, cancel one that is not done."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kit.errors import Conflict
from app.kit.jobs.choices import JobState
from app.kit.jobs.models import Job
from app.kit.jobs.queues import wake_after_commit


def retry(
    session: Session,
    job: Job,
    /,
    *,
    by: int | None = None,
    at: datetime | None = None,
) -> None:
    """Queue a failed or cancelled job again, with all its attempts. Raises Conflict."""
    statement = (
        update(Job)
        .where(Job.id == job.id, Job.state.in_([JobState.FAILED, JobState.CANCELLED]))
        .values(state=JobState.QUEUED, attempts=0, not_before=at or func.now(), finished_at=None)
        .returning(Job.id)
    )
    try:
        with session.begin_nested():
            changed = session.scalar(statement)
    except IntegrityError as error:
        raise Conflict(_l("The same work already waits or runs.")) from error
    if changed is None:
        raise Conflict(_l("Only work that failed or was cancelled can be tried again."))
    session.refresh(job)
    wake_after_commit(session, job.queue)


def cancel(
    session: Session,
    job: Job,
    /,
    *,
    by: int | None = None,
    at: datetime | None = None,
) -> None:
    """Cancel a waiting job; ask a running one to stop after its present piece. Raises Conflict."""
    waiting = (
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.QUEUED)
        .values(state=JobState.CANCELLED, finished_at=at or func.now())
        .returning(Job.id)
    )
    running = (
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.RUNNING)
        .values(stop_asked=True)
        .returning(Job.id)
    )
    if session.scalar(waiting) is None and session.scalar(running) is None:
        raise Conflict(_l("This work is over already."))
    session.refresh(job)
