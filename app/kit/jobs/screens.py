"""Screens of background work: what waits, runs and failed, and what the clock started."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, url_for
from flask_appbuilder.baseviews import BaseView, expose
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy import func, select

from app.kit.database.session import db
from app.kit.i18n.reading import span_text
from app.kit.jobs import operations
from app.kit.jobs.choices import JobState
from app.kit.jobs.models import Job, ScheduleRun
from app.kit.jobs.schedules import SCHEDULES, Schedule
from app.kit.rights import word
from app.kit.screens import RecordAction, Screen
from app.kit.screens.areas import SETTINGS
from app.kit.screens.authorization import needs
from app.kit.screens.pages import Cell, Column, Row, ShowPage, TableCard
from app.kit.security.menu import ENTRIES, Entry


def _is_over_badly(job: Any) -> bool:
    return job.state in (JobState.FAILED, JobState.CANCELLED)


def _is_unfinished(job: Any) -> bool:
    return job.state in (JobState.QUEUED, JobState.RUNNING)


class JobScreen(Screen):
    """Background work of the company; those bound to stores see their own."""

    model = Job
    area, icon = SETTINGS, "clock"
    label, one = _l("Background work"), _l("Background job")
    help = _l("What the program does by itself: sending, importing, computing.")
    empty = _l("Nothing was done in the background yet.")
    adds = edits = archives = False
    list_columns = (
        "name",
        "state",
        "progress_done",
        "progress_total",
        "attempts",
        "error",
        "created_at",
        "finished_at",
    )
    filters = ("state", "name")
    sections = (
        (_l("Work"), ("name", "state", "queue", "args", "created_at")),
        (_l("Progress"), ("progress_done", "progress_total", "progress_text", "result")),
        (
            _l("Attempts"),
            (
                "attempts",
                "max_attempts",
                "not_before",
                "started_at",
                "finished_at",
                "worker",
                "error",
            ),
        ),
    )
    actions_on = {
        "retry": RecordAction(
            operations.retry,
            _l("Try again"),
            icon="refresh",
            done=_l("It will be tried again at once."),
            when=_is_over_badly,
            primary=True,
        ),
        "cancel": RecordAction(
            operations.cancel,
            _lp("job", "Cancel"),
            icon="ban",
            danger=True,
            confirm=_l("What is done already stays. A running job stops after its present piece."),
            done=_l("Cancelled."),
            when=_is_unfinished,
        ),
    }
    api = True


class ScheduleView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """What the clock starts, and when it did last; the same for every company."""

    route_base = "/schedules"
    default_view = "list"
    class_permission_name = "Schedule"
    base_permissions = ("can_read",)
    view = "Schedule"

    @expose("/list/")
    @needs("read")
    def list(self) -> str:
        """Show the one list."""
        last = select(ScheduleRun.name, func.max(ScheduleRun.due).label("due")).group_by(
            ScheduleRun.name
        )
        started = {row.name: row.due for row in db.session.execute(last)}
        rows = [_row(one, started.get(one.name)) for one in SCHEDULES]
        columns = (
            Column("name", _lp("by the clock", "Schedule"), "lead"),
            Column("job", _l("Work"), wide=True),
            Column("when", _l("When")),
            Column("last", _l("Started last"), "datetime"),
        )
        card = TableCard(_l("Schedules"), columns, rows)
        return render_template(
            "tresen/show.html", page=ShowPage(title=_l("Schedules"), cards=(card,))
        )


def _row(one: Schedule, last: datetime | None) -> Row:
    if one.every is not None:
        when = _l("every %(time)s", time=span_text(one.every))
    else:
        when = _l("daily at %(time)s UTC", time=f"{one.at:%H:%M}")
    return Row(one.name, (Cell(one.name), Cell(one.job), Cell(when), Cell(last)), one.name)


word(
    "read",
    "Schedule",
    area=SETTINGS.name,
    label=_l("See: %(things)s", things=_l("Schedules")),
    description=_l("What the program starts by the clock."),
)

ENTRIES.register(
    Entry(
        "schedules",
        SETTINGS,
        _l("Schedules"),
        "calendar-time",
        ("read", "Schedule"),
        lambda: url_for("ScheduleView.list"),
    )
)

SCREENS = (JobScreen, ScheduleView)
