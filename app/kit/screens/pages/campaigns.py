"""Preparing a campaign, and long work while it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from app.kit.screens.pages.common import Action, Badge, Link, Note, Page, Step, Text, WtField
from app.kit.screens.pages.dashboards import StatTile
from app.kit.screens.pages.forms import EditConflict, Field, FormError, FormSection, Sheet
from app.kit.screens.pages.records import Card, HistoryEntry, SlipCard, TableCard


@dataclass(frozen=True, slots=True)
class SmsMeter:
    """What the meter under a message needs.

    Everything else is counted in the browser while typing.
    """

    recipients: int = 0
    price: Decimal | None = None
    currency: str = "EUR"
    longest: Mapping[str, str] = field(default_factory=dict)
    """Variable → its longest value among the recipients."""
    sample: Mapping[str, str] = field(default_factory=dict)
    """Variable → its value for the client of the preview."""


@dataclass(frozen=True, kw_only=True)
class CampaignPage(Page):
    """Preparing a campaign: tresen/campaign.html.

    A form like FormPage, with its steps on one page.
    """

    channel: Literal["email", "sms", "whatsapp"]
    steps: Sequence[Step] = ()
    step_at: int = 0
    segment: Link | None = None
    segment_chips: Sequence[tuple[Text, Text]] = ()
    change_segment: Action | None = None
    basics: FormSection | None = None
    """Above everything else: name and segment."""
    audience: TableCard | None = None
    """In the segment, each reason for leaving out (negative), and the recipients as the total."""
    sections: Sequence[FormSection | Sheet] = ()
    message: Sequence[Field] = ()
    """The fields of the card Message.

    The one named `text` gets the meter and the menu of variables.
    """
    variables: Sequence[tuple[str, Text]] = ()
    """("{first_name}", "First name")."""
    meter: SmsMeter | None = None
    preview_of: Text = ""
    preview: Text = ""
    """The message as the client of the preview sees it. Of an SMS it is redrawn while typing."""
    preview_url: str = ""
    """GET with `client` gives another client's preview.

    POST with the form's fields the present one, as HTML.
    """
    preview_from: Text = ""
    cost: SlipCard | None = None
    questions: Sequence[Note] = ()
    hidden: Sequence[WtField] = ()
    errors: Sequence[FormError] = ()
    version: int | None = None
    conflict: EditConflict | None = None
    action_url: str = ""
    save_label: Text = ""
    discard_url: str = ""
    aside: Sequence[Card] = ()


@dataclass(frozen=True, kw_only=True)
class ProgressPage(Page):
    """Work in progress (a running campaign, an import, an export): tresen/campaign_running.html.

    While `poll_url` is given it is fetched every few seconds as HTML (tresen/fragment/progress.html
    with the same page) and put in place of the live part; a fragment without `poll_url` ends the
    polling.
    """

    headline: Text
    """"2,614 of 3,920 sent"."""
    done: int = 0
    total: int | None = None
    """None: not known yet; the bar is then indeterminate."""
    sentence: Text = ""
    state: Badge | None = None
    tiles: Sequence[StatTile] = ()
    cards: Sequence[Card] = ()
    timeline: Sequence[HistoryEntry] = ()
    poll_url: str = ""
    poll_seconds: int = 3
