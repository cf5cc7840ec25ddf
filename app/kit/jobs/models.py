"""The tables behind background work: jobs, what the schedule started, and who is alive.

PostgreSQL is the queue. Redis only tells a worker that there is something to look for.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.choices import choice
from app.kit.database.install.rules import COMPANY_IS, STORES, USER_IS
from app.kit.database.model import COMPANY_DEFAULT, USER_DEFAULT, Model
from app.kit.database.stamp import Role
from app.kit.jobs.choices import JobState
from app.kit.jobs.display import numbers, reason

STORES_DEFAULT = text("nullif(current_setting('app.store_ids', true), '')::bigint[]")
REQUEST_DEFAULT = text("coalesce(current_setting('app.request_id', true), '')")
# What somebody bound to stores sees: rows made under the same binding or a narrower one.
BOUND = f"{COMPANY_IS} and store_ids <@ {STORES}"
_READERS = (Role.APP, Role.STORE, Role.SYSTEM, Role.PLATFORM)
UNFINISHED = "state in ('queued', 'running')"
# What crm_system may write when it claims, frees and fails; never what the job is or for whom.
CLAIMED = (
    "state",
    "attempts",
    "epoch",
    "not_before",
    "lease_until",
    "worker",
    "started_at",
    "finished_at",
    "error",
    "again",
    "stop_asked",
    "progress_done",
    "progress_total",
    "progress_text",
    "point",
    "result",
)


class Job(Model):
    """One piece of work to be done once, by the runner, under the stamp it was deferred with.

    A job without a company is the system's own; only the tick makes such. `epoch` fences: whoever
    finishes a job proves by it that nobody else has taken it over.
    """

    __tablename__ = "job"
    __table_args__ = (
        # One unfinished job a key; `again` remembers that it was asked for while it ran.
        Index(
            "uq_job_key",
            "company_id",
            "name",
            "key",
            unique=True,
            postgresql_where=text(f"key is not null and {UNFINISHED}"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "ix_job_waiting", "queue", "not_before", "id", postgresql_where=text("state = 'queued'")
        ),
        Index("ix_job_leased", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_job_finished", "finished_at", postgresql_where=text("finished_at is not null")),
        Index("ix_job_state", "company_id", "state", "id"),
        Index("ix_job_name", "company_id", "name", "id"),
        CheckConstraint("(company_id is null) = (role = 'crm_system')", name="system"),
        CheckConstraint(
            "role in ('crm_app', 'crm_store', 'crm_store_clients', 'crm_own_clients', 'crm_system')"
            " and (role not in ('crm_app', 'crm_system')) = (store_ids is not null)",
            name="role",
        ),
        CheckConstraint("jsonb_typeof(args) = 'array'", name="args"),
        {
            # The row changes three times in its life: room on the page keeps that cheap.
            "postgresql_with": {"fillfactor": 70},
            "info": {
                "queue": CLAIMED,
                "audit": False,
                "store_bound": False,
                "title": "name",
                "platform": True,
                "grants": {
                    Role.APP: "select, insert, update",
                    Role.STORE: "select, insert, update",
                },
                "policy": {
                    Role.APP: f"{COMPANY_IS} and role <> 'crm_system'",
                    Role.STORE: f"{BOUND} and role = current_user::text",
                    # Whoever sees clients of their own only sees their own work: it counts them.
                    Role.OWN_CLIENTS: f"{BOUND} and role = current_user::text"
                    f" and created_by = {USER_IS}",
                },
            },
        },
    )

    id: Mapped[int] = mapped_column(
        BigInteger, Identity(), primary_key=True, info={"label": _l("Number")}
    )
    company_id: Mapped[int | None] = mapped_column(BigInteger, server_default=COMPANY_DEFAULT)
    queue: Mapped[str] = mapped_column(Text, info={"label": _l("Queue")})
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Work")})
    args: Mapped[list[Any]] = mapped_column(
        JSONB,
        server_default=text("'[]'"),
        info={"label": _l("Details"), "format": "json", "told": numbers},
    )
    key: Mapped[str | None] = mapped_column(Text)
    state: Mapped[JobState] = choice(
        JobState,
        default=JobState.QUEUED,
        server_default=JobState.QUEUED.value,
        info={"label": _l("State")},
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), info={"label": _l("Attempts")}
    )
    max_attempts: Mapped[int] = mapped_column(
        Integer, server_default=text("5"), info={"label": _l("Attempts at most")}
    )
    not_before: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Not before")}
    )
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    worker: Mapped[str | None] = mapped_column(Text, info={"label": _l("Run by")})
    epoch: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    again: Mapped[bool] = mapped_column(server_default=text("false"))
    stop_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    progress_done: Mapped[int | None] = mapped_column(BigInteger, info={"label": _l("Done so far")})
    progress_total: Mapped[int | None] = mapped_column(BigInteger, info={"label": _l("Of")})
    progress_text: Mapped[str | None] = mapped_column(Text, info={"label": _l("Progress")})
    # Where a job that commits in pieces goes on after an interruption.
    point: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    result: Mapped[Any] = mapped_column(
        JSONB(none_as_null=True),
        nullable=True,
        info={"label": _l("Result"), "format": "json", "told": numbers},
    )
    error: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Error"), "format": "long", "told": reason}
    )
    role: Mapped[str] = mapped_column(Text, server_default=text("current_user::text"))
    store_ids: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger), server_default=STORES_DEFAULT
    )
    request_id: Mapped[str] = mapped_column(Text, server_default=REQUEST_DEFAULT)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Created")}
    )
    created_by: Mapped[int | None] = mapped_column(
        BigInteger, server_default=USER_DEFAULT, info={"label": _l("Created by")}
    )
    started_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Started")}
    )
    finished_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Finished")}
    )

    def __repr__(self) -> str:
        return f"{self.name} {self.id}"


class ScheduleRun(Model):
    """A scheduled start that happened: its key makes two ticks harmless. Written by a function.

    It belongs to no company and says nothing about one.
    """

    __tablename__ = "schedule_run"
    __table_args__ = (
        UniqueConstraint("name", "due"),
        {"info": {"title": "name", "grants": dict.fromkeys(_READERS, "select")}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, info={"label": _lp("by the clock", "Schedule")})
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True), info={"label": _l("Due")})
    started_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Started")}
    )


class Beat(Model):
    """The last sign of life of a worker or tick; `/ready` and `/metrics` read it."""

    __tablename__ = "beat"
    __table_args__ = ({"info": {"grants": {Role.SYSTEM: "select, insert, update, delete"}}},)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
