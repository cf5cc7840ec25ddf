"""Background work that cannot get lost and is done once.

In an operation, in the caller's transaction (the name, because operations do not import jobs):

    defer(session, "app.orders.jobs.send_confirmation", order.id)

In the domain's `jobs.py`:

    @job(queue="mail")
    def send_confirmation(session: Session, order_id: int) -> None: ...

The function runs under the stamp of whoever deferred it, in one transaction together with the job's
own end: killed anywhere, it is either wholly done or done again. Long work commits in pieces:

    @job(queue="bulk", timeout=3600)
    def archive_many(session: Session, ids: list[int]) -> dict[str, int]:
        for start in range(resume_point(session, 0), len(ids), 500):
            ...
            progress(session, start + 500, len(ids), point=start + 500)   # commits
        return {"archived": len(ids)}

`schedule(...)` in `schedules.py` starts jobs by the clock; `SOURCES` in `runner.py` lets a
queue's worker and the tick serve other tables. Event subscribers are in `app.kit.events`.
"""

from app.kit.jobs import sql_functions as sql_functions
from app.kit.jobs.declared import TryLater, job
from app.kit.jobs.deferring import defer

__all__ = ["TryLater", "defer", "job"]
