"""The screen of campaigns: generated but for the pages of one campaign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_appbuilder.baseviews import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp
from sqlalchemy.orm import Session

from app.campaigns import operations
from app.campaigns.choices import MOVES, CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.operations.drafting import archive
from app.campaigns.screens import launching, preparing, recipients, running
from app.kit import clock
from app.kit.access import reader, require
from app.kit.choices import can_move
from app.kit.database.session import db
from app.kit.errors import Invalid
from app.kit.rights import word
from app.kit.screens import ActionParameter, RecordAction, Screen, saving
from app.kit.screens.areas import MARKETING
from app.kit.screens.authorization import needs
from app.kit.screens.record import eager, load_or_404, show_page
from app.messages.models import MessageTemplate

TEST = "test"

word(
    TEST,
    "Campaign",
    area=MARKETING.name,
    label=_l("Campaigns: send a test"),
    description=_l("To at most five addresses that are typed in."),
)


def _can(to: CampaignStatus) -> Any:
    def when(campaign: Any) -> bool:
        return can_move(campaign.status, MOVES, to)

    return when


def _is_draft(campaign: Any) -> bool:
    return campaign.status is CampaignStatus.DRAFT


def _test(
    session: Session,
    campaign: Campaign,
    /,
    *,
    by: int | None,
    at: datetime,
    addresses: Sequence[str],
) -> object:
    return operations.send_test(session, campaign, addresses)


def _copy(session: Session, campaign: Campaign, /, *, by: int | None, at: datetime) -> object:
    return operations.copy(session, campaign)


def _use_template(
    session: Session, campaign: Campaign, /, *, by: int | None, at: datetime, template: int
) -> None:
    found = session.get(MessageTemplate, template)
    if found is None:
        raise Invalid(_("This does not exist."), field="template")
    operations.use_template(session, campaign, found)


class CampaignScreen(Screen):
    """What is written to many clients at once."""

    model = Campaign
    area = MARKETING
    menu_rank = 1
    icon = "speakerphone"
    label, one = _l("Campaigns"), _l("Campaign")
    help = _l("One message to one segment by email, SMS or WhatsApp.")
    empty = _l("Choose a segment, write a message, look at it as a client, send a test, schedule.")
    list_columns = (
        "name",
        "status",
        "channel",
        "segment",
        "dispatch.audience",
        "send_at",
        "changed_at",
    )
    filters = ("status", "channel", "segment", "send_at", "created_at")
    order = ("created_at", "desc")
    sections = (
        (_l("Campaign"), ("name", "channel", "segment", "purpose")),
        (
            _l("Message"),
            ("subject", "text", "html", "content_sid", "content_variables"),
        ),
        (_l("Schedule"), ("send_at", "rate_cap", "uncertain_policy")),
    )
    fixed = ("channel",)
    actions_on = {
        "schedule": RecordAction(
            operations.schedule,
            _lp("button", "Schedule"),
            icon="send",
            confirm=_l("Everybody in the audience is written to. Words and audience are fixed."),
            done=_l("It is scheduled."),
            when=_can(CampaignStatus.SCHEDULED),
        ),
        "pause": RecordAction(
            operations.pause,
            _l("Pause"),
            icon="player-pause",
            confirm=_l("What is on its way arrives; everybody else waits until you go on."),
            done=_l("It is paused."),
            when=_can(CampaignStatus.PAUSED),
        ),
        "resume": RecordAction(
            operations.resume,
            _l("Go on"),
            icon="player-play",
            done=_l("It goes on."),
            when=lambda one: one.status is CampaignStatus.PAUSED,
            primary=True,
        ),
        "cancel": RecordAction(
            operations.cancel,
            _l("Cancel what is left"),
            icon="ban",
            danger=True,
            confirm=_l("Whoever was not written to yet never will be. This cannot be taken back."),
            done=_l("It is cancelled."),
            when=_can(CampaignStatus.CANCELLED),
        ),
    }
    page_actions = {
        TEST: RecordAction(
            _test,
            _l("Send a test"),
            done=_l("The test is on its way."),
            when=_is_draft,
            parameters=(
                ActionParameter("addresses", _l("Addresses"), "texts", required=True, longest=5),
            ),
        ),
        "copy": RecordAction(
            _copy, _l("Copy"), done=_l("This is the copy."), needs=("write", "Campaign")
        ),
        "keep": RecordAction(
            operations.save_as_template,
            _l("Save as a template"),
            needs=("write", "MessageTemplate"),
        ),
        "use_template": RecordAction(
            _use_template,
            _l("Use a template"),
            needs=("write", "Campaign"),
            parameters=(ActionParameter("template", _l("Template"), "id", required=True),),
        ),
    }
    api = True
    on_add = operations.create
    on_edit = operations.save_draft
    on_archive = archive

    def permissions(self) -> Sequence[str]:
        """Return the usual ones and sending a test."""
        return [*super().permissions(), TEST]

    def load(self, pk: int) -> Campaign:
        """Return the campaign, or 404."""
        found: Campaign = load_or_404(self, db.session(), pk, *eager(self))
        return found

    # --- one campaign -------------------------------------------------------------------------

    @expose("/show/<int:pk>")
    @needs("read")
    def show(self, pk: int) -> Any:
        """Show how it goes; a draft as the page to prepare it, for those who may."""
        campaign = self.load(pk)
        if campaign.archived_at is not None:
            page = show_page(self, db.session(), campaign)
            return render_template("tresen/show.html", page=page)
        if campaign.status is not CampaignStatus.DRAFT:
            live = running.page(self, db.session(), campaign)
            return render_template("tresen/campaign_running.html", page=live)
        if self.may("write"):
            return preparing.Preparing(self, db.session(), campaign).answer()
        page = show_page(self, db.session(), campaign)
        return render_template("tresen/show.html", page=page)

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        """Name, channel and segment; the rest follows on the page of the draft."""
        return saving.add(self, preparing.Beginning)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: int) -> Any:
        """Save the draft; what is scheduled is refused with a sentence."""
        return saving.edit(self, pk, preparing.Preparing)

    @expose("/preview/<int:pk>", methods=["POST"])
    @needs("write")
    def preview(self, pk: int) -> Any:
        """Return what is typed as one of the clients sees it."""
        return preparing.preview(self, db.session(), self.load(pk))

    @expose("/template/<int:pk>", methods=["POST"])
    @needs("write")
    def use_template(self, pk: int) -> Any:
        """Begin with the words of a template."""
        campaign = self.load(pk)
        raw = request.args.get("template", "")
        wanted = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else 0
        template = db.session.get(MessageTemplate, wanted)
        if template is None:
            abort(404)
        operations.use_template(db.session(), campaign, template)
        flash(_("The words of “%(name)s” are taken over.", name=template.name), "success")
        return redirect(self.url("show", pk))

    @expose("/copy/<int:pk>", methods=["POST"])
    @needs("write")
    def copy(self, pk: int) -> Any:
        """Make a draft like this one."""
        made = operations.copy(db.session(), self.load(pk))
        flash(_("This is the copy."), "success")
        return redirect(self.url("show", made.id))

    @expose("/keep/<int:pk>", methods=["POST"])
    @needs("write", "MessageTemplate")
    def keep(self, pk: int) -> Any:
        """Keep the words as a template."""
        require("read", self.view)
        campaign = self.load(pk)
        template = operations.save_as_template(
            db.session(), campaign, by=reader().user_id, at=clock.now()
        )
        flash(_("“%(name)s” is kept as a template.", name=template.name), "success")
        return redirect(self.url("show", pk))

    @expose("/test/<int:pk>", methods=["GET", "POST"])
    @needs(TEST)
    def test(self, pk: int) -> Any:
        """Ask for addresses; send the draft to them."""
        return launching.test(self, db.session(), self.load(pk))

    @expose("/check/<int:pk>")
    @needs("schedule")
    def check(self, pk: int) -> Any:
        """Everything once more before it goes out, and the button."""
        return launching.check(self, db.session(), self.load(pk))

    # --- a scheduled one ----------------------------------------------------------------------

    @expose("/progress/<int:pk>")
    @needs("read")
    def progress(self, pk: int) -> Any:
        """Return the live part of the page."""
        page = running.page(self, db.session(), self.load(pk))
        return render_template("tresen/fragment/progress.html", page=page)

    @expose("/figures/<int:pk>")
    @needs("read")
    def figures(self, pk: int) -> Any:
        """Return the same figures for programs."""
        return running.figures(db.session(), self.load(pk))

    @expose("/recipients/<int:pk>")
    @needs("read")
    def recipients(self, pk: int) -> Any:
        """Who was written to and what became of it."""
        return recipients.respond(self, db.session(), self.load(pk))

    @expose("/recipients/<int:pk>/export")
    @needs("export")
    def export_recipients(self, pk: int) -> Any:
        """Return the same as a file."""
        return recipients.download(self, db.session(), self.load(pk))
