"""What can be done with messages. Each function takes the session, flushes and never commits."""

from app.messages.operations.feedback import hear, suppress, unsubscribe
from app.messages.operations.sending import (
    Owner,
    SendingTerms,
    cancel,
    pause,
    resume,
    send_one,
    start,
)
from app.messages.operations.templates import (
    content_sid_of,
    content_variables_of,
    make_template,
    save_wording,
)

__all__ = [
    "Owner",
    "SendingTerms",
    "cancel",
    "content_sid_of",
    "content_variables_of",
    "hear",
    "make_template",
    "pause",
    "resume",
    "save_wording",
    "send_one",
    "start",
    "suppress",
    "unsubscribe",
]
