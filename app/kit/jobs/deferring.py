"""`defer`: a job is a row in the caller's transaction."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.database.stamp import Role, Stamp, current_stamp
from app.kit.jobs.declared import declared
from app.kit.jobs.queues import wake_after_commit

_INSERT = """
insert into job (queue, name, args, max_attempts, key, not_before)
values (:queue, :name, cast(:args as jsonb), :attempts, :key,
        coalesce(cast(:not_before as timestamptz), now()))"""
_PLAIN = text(_INSERT + " returning id")
_KEYED = text(
    _INSERT
    + """
on conflict (company_id, name, key) where key is not null and state in ('queued', 'running')
do nothing returning id"""
)
_AGAIN = text("""
update job set again = true
 where name = :name and key = :key and state = 'running' and not again returning id""")
# The lock keeps the runner off until this transaction is over: it must see what we changed.
_HOLD = text("""
select id from job where name = :name and key = :key
   and (state = 'queued' or state = 'running' and again) for share""")
_SYSTEM = text("""
select crm_defer_system(:queue, :name, cast(:args as jsonb), :attempts, :key, :not_before)""")


def defer(
    session: Session,
    name: str,
    *args: Any,
    not_before: datetime | None = None,
    key: str | None = None,
    queue: str | None = None,
) -> int:
    """Have the job `name` run after this transaction commits, under this session's stamp.

    Arguments are plain data, never objects of the session. With `key` at most one job of that name
    and key (and, of somebody bound to stores, of those stores) is unfinished: asked for while one
    waits, that one does; while one runs, it runs once more. Keys make callers wait for each other:
    many at once emit an event instead. Returns the job's id. Raises Unknown for an unknown job.
    """
    job = declared(name)
    on = queue or job.queue
    values = {
        "queue": on,
        "name": name,
        "args": plain_json(args),
        "attempts": job.attempts,
        "key": key,
        "not_before": not_before,
    }
    job_id = _write(session, values)
    wake_after_commit(session, on)
    return job_id


def plain_json(data: Any) -> str:
    """Return `data` as JSON; decimals, dates and UUIDs become text. Raises TypeError."""
    return json.dumps(data, default=_plain)


def _write(session: Session, values: dict[str, Any]) -> int:
    stamp = session.info.get("stamp") or current_stamp()
    if stamp is not None and stamp.role is Role.SYSTEM:
        return int(session.execute(_SYSTEM, values).scalar_one())
    if values["key"] is None:
        return int(session.execute(_PLAIN, values).scalar_one())
    if stamp is not None and stamp.bound:
        values = {**values, "key": f"{values['key']} of {_binding(stamp)}"}
    # Each step may find that the job has just moved on; then the next one, or the first again.
    while True:
        for statement in (_KEYED, _AGAIN, _HOLD):
            found = session.execute(statement, values).scalar()
            if found is not None:
                return int(found)


def _binding(stamp: Stamp) -> str:
    """Name what somebody bound to stores sees.

    Work that sees other rows is other work; its row cannot be seen from here, so that the same key
    would be asked for without end.
    """
    found = f"stores {','.join(map(str, sorted(stamp.store_ids)))}"
    if stamp.role is Role.STORE_CLIENTS:
        return f"{found} and their clients"
    return f"{found} and clients of {stamp.user_id}" if stamp.role is Role.OWN_CLIENTS else found


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    message = f"A job or event takes plain data, not {type(value).__name__}."
    raise TypeError(message)
