"""What messages can be, and the moves between their states."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice


class MessageChannel(Choice):
    """How a message reaches its reader."""

    EMAIL = "email", _l("Email"), "blue"
    SMS = "sms", _l("SMS"), "green"
    WHATSAPP = "whatsapp", _l("WhatsApp"), "cyan"


class MessagePurpose(Choice):
    """Why it is written: what the reader must have agreed to."""

    MARKETING = "marketing", _l("Advertising"), "orange"
    REVIEW = "review", _l("Asking for a review"), "cyan"
    REMINDER = "reminder", _l("Reminder"), "blue"
    TRANSACTIONAL = "transactional", _l("About an order or visit"), "green"


class DispatchKind(Choice):
    """Who ordered a sending."""

    CAMPAIGN = "campaign", _l("Campaign"), "blue"
    AUTOMATION = "automation", _l("Automation"), "purple"
    TRANSACTIONAL = "transactional", _l("Single messages"), "green"
    TEST = "test", _l("Test"), "grey"


class DispatchStatus(Choice):
    """The state of a sending."""

    SCHEDULED = "scheduled", _l("Scheduled"), "blue"
    RUNNING = "running", _lp("status", "Sending"), "azure"
    PAUSED = "paused", _l("Paused"), "yellow"
    COMPLETED = "completed", _l("Completed"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "grey"


class PauseReason(Choice):
    """Why a sending stands still."""

    USER = "user", _l("Paused by a person"), "grey"
    PROVIDER = "provider", _l("The provider refuses us"), "red"
    ERRORS = "errors", _l("Too many errors"), "red"
    RENDERING = "rendering", _l("The text does not fit many clients"), "red"
    LATE = "late", _l("Its time had passed: please confirm"), "orange"


class UncertainPolicy(Choice):
    """What happens to a message of which nobody knows whether it left."""

    HOLD = "hold", _l("Leave it: never send twice"), "blue"
    RESEND = "resend", _l("Send it again"), "orange"


class RecipientState(Choice):
    """What became of one recipient."""

    PENDING = "pending", _l("Waiting"), "grey"
    SKIPPED = "skipped", _l("Left out"), "grey"
    CANCELLED = "cancelled", _l("Cancelled"), "grey"
    DEFERRED = "deferred", _l("Tried, will be tried again"), "yellow"
    UNCERTAIN = "uncertain", _l("Unknown whether it left"), "orange"
    FAILED = "failed", _l("Refused"), "red"
    ACCEPTED = "accepted", _l("Accepted"), "azure"
    OUTBOX = "outbox", _l("Kept in the outbox, not sent"), "cyan"
    DELIVERED = "delivered", _l("Delivered"), "green"
    BOUNCED = "bounced", _l("Came back"), "red"


class SkipReason(Choice):
    """Why somebody of the audience is not written to."""

    NO_ADDRESS = "no_address", _l("No address"), "grey"
    DUPLICATE = "duplicate", _l("Same address as another client"), "grey"
    NO_CONSENT = "no_consent", _l("No consent"), "orange"
    SUPPRESSED = "suppressed", _l("Address is suppressed"), "orange"
    HOLDOUT = "holdout", _l("In the group that gets nothing"), "blue"
    RENDER_ERROR = "render_error", _l("The text does not fit the client"), "red"
    BAD_ADDRESS = "bad_address", _l("The address cannot be used"), "red"
    GONE = "gone", _l("The client is no longer there"), "grey"


class BatchState(Choice):
    """A run of recipients that one worker sends."""

    READY = "ready", _l("Waiting"), "grey"
    LEASED = "leased", _l("Being sent"), "azure"
    DONE = "done", _l("Done"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "grey"


class SuppressionReason(Choice):
    """Why nothing goes to an address any more."""

    UNSUBSCRIBED = "unsubscribed", _l("Unsubscribed"), "orange"
    BOUNCED = "bounced", _l("Mails came back"), "red"
    COMPLAINED = "complained", _l("Complained"), "red"
    STOP = "stop", _l("Answered STOP"), "orange"
    DEAD_NUMBER = "dead_number", _l("Number does not exist"), "red"
    MANUAL = "manual", _l("Added by hand"), "grey"
    LEGAL = "legal", _l("Legal reasons"), "grey"


class EventKind(Choice):
    """What was heard of a message after it left."""

    STATUS = "status", _l("Status from the provider"), "blue"
    DELIVERED = "delivered", _l("Delivered"), "green"
    BOUNCED = "bounced", _l("Came back"), "red"
    OPENED = "opened", _l("Opened"), "cyan"
    CLICKED = "clicked", _l("Clicked"), "green"
    COMPLAINED = "complained", _l("Complained"), "red"
    UNSUBSCRIBED = "unsubscribed", _l("Unsubscribed"), "orange"


# `move` reads this table; the dispatcher's SQL repeats RUNNING → COMPLETED, RUNNING → PAUSED and
# PAUSED → COMPLETED (the last message was on its way when somebody paused).
MOVES: dict[DispatchStatus, frozenset[DispatchStatus]] = {
    DispatchStatus.SCHEDULED: frozenset(
        {DispatchStatus.RUNNING, DispatchStatus.PAUSED, DispatchStatus.CANCELLED}
    ),
    DispatchStatus.RUNNING: frozenset(
        {DispatchStatus.PAUSED, DispatchStatus.COMPLETED, DispatchStatus.CANCELLED}
    ),
    DispatchStatus.PAUSED: frozenset(
        {DispatchStatus.RUNNING, DispatchStatus.COMPLETED, DispatchStatus.CANCELLED}
    ),
    # More may be added to a standing sending at any time.
    DispatchStatus.COMPLETED: frozenset({DispatchStatus.RUNNING}),
    DispatchStatus.CANCELLED: frozenset(),
}
