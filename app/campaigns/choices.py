"""What campaigns can be, and the moves between their states."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice
from app.messages.choices import DispatchStatus, MessagePurpose


class CampaignStatus(Choice):
    """Where a campaign is. From scheduling on it is the status of its sending."""

    DRAFT = "draft", _l("Draft"), "grey"
    SCHEDULED = "scheduled", _l("Scheduled"), "blue"
    RUNNING = "running", _lp("status", "Sending"), "azure"
    PAUSED = "paused", _l("Paused"), "yellow"
    COMPLETED = "completed", _l("Completed"), "green"
    CANCELLED = "cancelled", _l("Cancelled"), "grey"


class CampaignPurpose(Choice):
    """What a campaign may be for. A message about an order is no campaign: it asks no consent."""

    MARKETING = "marketing", MessagePurpose.MARKETING.label, "orange"
    REVIEW = "review", MessagePurpose.REVIEW.label, "cyan"
    REMINDER = "reminder", MessagePurpose.REMINDER.label, "blue"


# The moves beyond SCHEDULED are those of the sending (app/messages/choices.py): the database copies
# its status. Here they say which buttons there are.
MOVES: dict[CampaignStatus, frozenset[CampaignStatus]] = {
    CampaignStatus.DRAFT: frozenset({CampaignStatus.SCHEDULED}),
    CampaignStatus.SCHEDULED: frozenset(
        {CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.CANCELLED}
    ),
    CampaignStatus.RUNNING: frozenset(
        {CampaignStatus.PAUSED, CampaignStatus.COMPLETED, CampaignStatus.CANCELLED}
    ),
    CampaignStatus.PAUSED: frozenset(
        {CampaignStatus.RUNNING, CampaignStatus.COMPLETED, CampaignStatus.CANCELLED}
    ),
    CampaignStatus.COMPLETED: frozenset(),
    CampaignStatus.CANCELLED: frozenset(),
}

OVER = (DispatchStatus.COMPLETED, DispatchStatus.CANCELLED)
