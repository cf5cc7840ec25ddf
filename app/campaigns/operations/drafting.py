"""Preparing a campaign: nothing here reaches anybody."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.choices import CampaignPurpose, CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.operations.content import html_of, sources
from app.kit.errors import Conflict, Invalid
from app.messages.choices import MessageChannel, MessagePurpose, UncertainPolicy
from app.messages.engine.render import Template, UnreadableText
from app.messages.models import MessageTemplate, MessageTemplateVersion
from app.messages.operations import (
    content_sid_of,
    content_variables_of,
    make_template,
    save_wording,
)

_COPIED = (
    "channel",
    "purpose",
    "segment_id",
    "subject",
    "text",
    "html",
    "content_sid",
    "content_variables",
    "rate_cap",
    "uncertain_policy",
)


def create(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> None:
    """Begin a draft."""
    _tidy(campaign)
    campaign.purpose = campaign.purpose or CampaignPurpose.MARKETING
    campaign.status = CampaignStatus.DRAFT
    session.add(campaign)
    session.flush()


def save_draft(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> None:
    """Keep what was typed, however unfinished, if the language of texts can say it.

    Raises Conflict once it is scheduled, Invalid for what no text may say.
    """
    if campaign.status is not CampaignStatus.DRAFT:
        raise Conflict(
            _l("It is scheduled already, and what goes out is fixed. Copy it to change it.")
        )
    _tidy(campaign)
    session.flush()


def _tidy(campaign: Campaign) -> None:
    campaign.name = (campaign.name or "").strip()
    if not campaign.name:
        raise Invalid(_l("Give it a name."), field="name")
    campaign.subject = " ".join((campaign.subject or "").split())
    campaign.text = (campaign.text or "").replace("\r\n", "\n")
    campaign.html = campaign.html or ""
    campaign.content_sid = content_sid_of(campaign.content_sid)
    campaign.content_variables = content_variables_of(campaign.content_variables)
    campaign.uncertain_policy = campaign.uncertain_policy or UncertainPolicy.HOLD
    _refuse_unreadable(campaign)


def _refuse_unreadable(campaign: Campaign) -> None:
    """Refuse what the language of texts does not have, with field and line."""
    for name, source in sources(campaign).items():
        try:
            Template(source, html=name == "html")
        except UnreadableText as error:
            raise UnreadableText(error.message, field=name.partition(" ")[0]) from error


def copy(session: Session, campaign: Campaign) -> Campaign:
    """Return a new draft with the same words and the same segment."""
    made = Campaign(
        name=_("%(name)s (copy)", name=campaign.name),
        status=CampaignStatus.DRAFT,
        **{name: getattr(campaign, name) for name in _COPIED},
    )
    session.add(made)
    session.flush()
    return made


def use_template(session: Session, campaign: Campaign, template: MessageTemplate) -> None:
    """Take over the newest wording of a template into the draft. Raises Conflict."""
    if campaign.status is not CampaignStatus.DRAFT:
        raise Conflict(_l("It is scheduled already."))
    version = session.scalars(
        select(MessageTemplateVersion)
        .where(MessageTemplateVersion.message_template_id == template.id)
        .order_by(MessageTemplateVersion.number.desc())
        .limit(1)
    ).one_or_none()
    if version is None or template.channel is not campaign.channel:
        raise Conflict(_l("This template has no wording for this channel yet."))
    mail = campaign.channel is MessageChannel.EMAIL
    campaign.subject = version.subject
    campaign.text = "" if mail else version.body
    campaign.html = version.html
    campaign.content_sid = version.content_sid
    campaign.content_variables = dict(version.content_variables)
    session.flush()


def save_as_template(
    session: Session, campaign: Campaign, *, by: int | None, at: datetime
) -> MessageTemplate:
    """Keep the words under the campaign's name, for others to begin with.

    Raises Invalid for the words, Conflict when the name is taken.
    """
    known = session.scalar(
        select(MessageTemplate.id).where(
            MessageTemplate.channel == campaign.channel, MessageTemplate.name == campaign.name
        )
    )
    if known is not None:
        raise Conflict(_l("There is a template of this name already."))
    template = make_template(
        session, campaign.name, campaign.channel, MessagePurpose(campaign.purpose.value)
    )
    mail = campaign.channel is MessageChannel.EMAIL
    save_wording(
        session,
        template,
        subject=campaign.subject if mail else "",
        html=html_of(campaign),
        body="" if mail else campaign.text,
        content_sid=campaign.content_sid,
        content_variables={str(k): str(v) for k, v in campaign.content_variables.items()},
    )
    return template


def archive(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> None:
    """Take it from the lists. Raises Conflict while it may still write to somebody."""
    if campaign.status in (
        CampaignStatus.SCHEDULED,
        CampaignStatus.RUNNING,
        CampaignStatus.PAUSED,
    ):
        raise Conflict(_l("Cancel it first: it would still write to clients."))
    campaign.archived_at = at
    session.flush()
