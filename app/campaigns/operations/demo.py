"""Segments and drafts of the demo company: the way to a sent campaign begins in the middle."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.choices import CampaignPurpose
from app.campaigns.models import Campaign
from app.clients.models import Segment
from app.messages.choices import MessageChannel

_LAPSED: dict[str, object] = {
    "all": [
        {"field": "orders_count", "op": "more_than", "value": 0},
        {"field": "last_order", "op": "not_in_last_days", "value": 90},
    ]
}
_TEXT = """Hello {{ first_name|default('there') }},

it has been a while since {{ last_order }}. Ten per cent on everything until Sunday:
https://shop.example/autumn

Your {{ company }}"""
_SHORT = "{{ first_name }}, 10% on everything until Sunday: shop.example/h Reply STOP to end"


def load_campaigns(session: Session, size: str) -> None:
    """Make three segments and a draft for each channel, once."""
    if session.scalar(select(Campaign.id).limit(1)) is not None:
        return
    lapsed = _segment(session, "Not bought for three months", _LAPSED)
    _segment(session, "Everybody", {})
    for name, channel, subject, text in (
        ("Autumn offers", MessageChannel.EMAIL, "Autumn offers for {{ first_name }}", _TEXT),
        ("Autumn offers, short", MessageChannel.SMS, "", _SHORT),
        ("Autumn offers, WhatsApp", MessageChannel.WHATSAPP, "", _SHORT),
    ):
        session.add(
            Campaign(
                name=name,
                channel=channel,
                purpose=CampaignPurpose.MARKETING,
                segment=lapsed,
                subject=subject,
                text=text,
            )
        )
    session.flush()


def _segment(session: Session, name: str, definition: dict[str, object]) -> Segment:
    found = session.scalars(select(Segment).where(Segment.name == name)).one_or_none()
    if found is None:
        found = Segment(name=name, definition=definition)
        session.add(found)
        session.flush()
    return found
