"""What the walk is told about background work."""

from functools import partial

from app.kit.jobs.choices import JobState
from app.kit.jobs.screens import JobScreen
from tests.factories import NOON, make_job
from tests.screens.declaring import Told

WALK = {
    JobScreen: Told(
        does={
            "retry": partial(make_job, state=JobState.FAILED, finished_at=NOON),
            "cancel": make_job,
        }
    ),
}
