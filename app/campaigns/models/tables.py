"""Campaigns: what is written to whom, as prepared; what became of it stands in the sending."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, DateTime, Integer, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.campaigns.choices import CampaignPurpose, CampaignStatus
from app.clients.models.segments import Segment
from app.kit.choices import choice
from app.kit.database.install.search import Look
from app.kit.database.model import Business, Model, fold_of, link, sort_indexes, trigram_index
from app.messages.choices import MessageChannel, UncertainPolicy
from app.messages.models import CONTENT_VARIABLES, Dispatch, MessageTemplateVersion


class Campaign(Business, Model):
    """One message to one segment by one channel: a draft until it is scheduled, then fixed."""

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("rate_cap is null or rate_cap > 0", name="rate_cap"),
        CheckConstraint("(status = 'draft') = (dispatch_id is null)", name="sending"),
        *sort_indexes("name_fold", "status", "channel", "send_at", "created_at", "changed_at"),
        trigram_index("name_fold"),
        {"info": {"label": _l("Campaign"), "search": (Look("campaign", "id", "name_fold"),)}},
    )

    name: Mapped[str] = mapped_column(
        Text,
        info={
            "label": _l("Name"),
            "sort_by": "name_fold",
            "help": _l("Seen by your staff only."),
        },
    )
    name_fold: Mapped[str] = fold_of("name")
    channel: Mapped[MessageChannel] = choice(
        MessageChannel,
        default=MessageChannel.EMAIL,
        info={"label": _l("Channel"), "help": _l("Cannot be changed later.")},
    )
    purpose: Mapped[CampaignPurpose] = choice(
        CampaignPurpose,
        default=CampaignPurpose.MARKETING,
        server_default=CampaignPurpose.MARKETING.value,
        info={"label": _l("Purpose"), "help": _l("Only clients who agreed to it are written to.")},
    )
    status: Mapped[CampaignStatus] = choice(
        CampaignStatus,
        default=CampaignStatus.DRAFT,
        server_default=CampaignStatus.DRAFT.value,
        info={"label": _l("Status")},
    )
    segment_id: Mapped[int | None] = link("segment", info={"label": _l("Segment"), "living": True})
    segment: Mapped[Segment | None] = relationship(foreign_keys=segment_id)
    subject: Mapped[str] = mapped_column(
        Text, default="", server_default=sql("''"), info={"label": _l("Subject")}
    )
    # What was typed: paragraphs of an email, or the whole SMS.
    text: Mapped[str] = mapped_column(
        Text,
        default="",
        server_default=sql("''"),
        info={"label": _l("Text"), "format": "long"},
    )
    html: Mapped[str] = mapped_column(
        Text,
        default="",
        server_default=sql("''"),
        info={"label": _l("Layout of your own"), "format": "long"},
    )
    content_sid: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("WhatsApp template"), "help": _l("Its number at Twilio, HX….")}
    )
    content_variables: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=sql("'{}'"),
        info=dict(CONTENT_VARIABLES),
    )
    send_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True),
        info={"label": _l("Send at"), "help": _l("Empty: as soon as it is scheduled.")},
    )
    rate_cap: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("At most per second"), "help": _l("Empty: as fast as it goes.")}
    )
    uncertain_policy: Mapped[UncertainPolicy] = choice(
        UncertainPolicy,
        default=UncertainPolicy.HOLD,
        server_default=UncertainPolicy.HOLD.value,
        info={"label": _l("When unknown whether it left")},
    )
    message_template_version_id: Mapped[int | None] = link(
        "message_template_version", info={"label": _l("Wording")}
    )
    message_template_version: Mapped[MessageTemplateVersion | None] = relationship(
        foreign_keys=message_template_version_id
    )
    dispatch_id: Mapped[int | None] = link("dispatch", info={"label": _l("Sending")})
    dispatch: Mapped[Dispatch | None] = relationship(foreign_keys=dispatch_id)

    def __str__(self) -> str:
        return self.name
