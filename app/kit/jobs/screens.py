"""Screens of background work: what waits, runs and failed, and what the clock started."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.jobs import operations
from app.kit.jobs.choices import JobState
from app.kit.jobs.models import Job, ScheduleRun
from app.kit.screens import Do, Screen
from app.kit.screens.areas import SETTINGS


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
        "retry": Do(
            operations.retry,
            _l("Try again"),
            icon="refresh",
            done=_l("It will be tried again at once."),
            when=_is_over_badly,
            primary=True,
        ),
        "cancel": Do(
            operations.cancel,
            _l("Cancel"),
            icon="ban",
            danger=True,
            confirm=_l("What is done already stays. A running job stops after its present piece."),
            done=_l("Cancelled."),
            when=_is_unfinished,
        ),
    }


class ScheduleScreen(Screen):
    """When the clock started what; the same for every company."""

    model = ScheduleRun
    view = "Schedule"
    area, icon = SETTINGS, "calendar-time"
    label, one = _l("Schedules"), _l("Scheduled start")
    help = _l("What the program starts by the clock.")
    empty = _l("Nothing was started by the clock yet.")
    adds = edits = archives = False
    path = "schedules"
    list_columns = ("name", "due", "started_at")
    sections = ((_l("Scheduled start"), ("name", "due", "started_at")),)


SCREENS = (JobScreen, ScheduleScreen)
