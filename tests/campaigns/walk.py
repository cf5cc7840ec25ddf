"""What the walk is told about campaigns."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.campaigns import operations
from app.campaigns.models import Campaign
from app.campaigns.screens.campaign import CampaignScreen
from app.messages.models import Dispatch, MessageTemplate
from tests.campaigns.conftest import make_reader
from tests.factories import NOON, make_campaign, make_message_template_version
from tests.screens.declaring import On, Page, Told

ADDRESS = "walked@example.com"


def _ready(session: Session) -> Campaign:
    make_reader(session)
    return make_campaign(session)


def _scheduled(session: Session) -> Campaign:
    campaign = _ready(session)
    operations.schedule(session, campaign, by=None, at=NOON)
    return campaign


def _paused(session: Session) -> Campaign:
    campaign = _scheduled(session)
    operations.pause(session, campaign, by=None, at=NOON)
    return campaign


def _template(session: Session, _campaign: Campaign) -> Any:
    return {"template": make_message_template_version(session).message_template_id}


def _template_page(session: Session, campaign: Campaign) -> Page:
    return Page(f"template/{{pk}}?template={_template(session, campaign)['template']}")


WALK = {
    CampaignScreen: Told(
        does={
            "schedule": _ready,
            "pause": _scheduled,
            "resume": _paused,
            "cancel": _scheduled,
            "test": On(
                make_campaign,
                told={"addresses": [ADDRESS]},
                page=Page("test/{pk}", {"addresses": ADDRESS}),
                writes=Dispatch,
                again="each try of the words is looked at",
            ),
            "copy": On(
                make_campaign, page=Page("copy/{pk}"), writes=Campaign, again="two copies are two"
            ),
            "keep": On(
                make_campaign,
                page=Page("keep/{pk}"),
                writes=MessageTemplate,
                again="the next wording of the template",
            ),
            "use_template": On(
                make_campaign, told=_template, page=_template_page, again="the same words again"
            ),
        },
        # A mail has no number at Twilio.
        adds={"channel": "email", "content_sid": None},
    ),
}
