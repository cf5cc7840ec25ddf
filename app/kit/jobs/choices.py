"""The states of a job."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice


class JobState(Choice):
    """A job waits, runs, and ends in one of three ways; a failed one can be queued again."""

    QUEUED = "queued", _l("Waiting"), "blue"
    RUNNING = "running", _l("Running"), "azure"
    DONE = "done", _l("Done"), "green"
    FAILED = "failed", _l("Failed"), "red"
    CANCELLED = "cancelled", _lp("job", "Cancelled"), "grey"
