"""What can be done with campaigns. Each function takes the session, flushes and never commits."""

from app.campaigns.operations.drafting import (
    archive,
    copy,
    create,
    save_as_template,
    save_draft,
    use_template,
)
from app.campaigns.operations.launching import cancel, pause, resume, schedule, send_test
from app.campaigns.operations.preflight import Finding, check
from app.campaigns.operations.single_message import write_to_client

__all__ = [
    "Finding",
    "archive",
    "cancel",
    "check",
    "copy",
    "create",
    "pause",
    "resume",
    "save_as_template",
    "save_draft",
    "schedule",
    "send_test",
    "use_template",
    "write_to_client",
]
