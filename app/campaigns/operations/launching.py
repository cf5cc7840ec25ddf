"""From a draft to a sending, and what can be done with it then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, Text, cast, func, literal, null, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from app.campaigns import queries
from app.campaigns.choices import MOVES, CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.operations.content import CAMPAIGNS, TESTS, Message, make_version
from app.campaigns.operations.preflight import check
from app.company.queries import company_name
from app.kit.choices import move
from app.kit.email_address import normalise_email
from app.kit.errors import Conflict, Invalid
from app.kit.events import emit
from app.kit.phone import normalise_phone
from app.messages import operations as messages
from app.messages.choices import DispatchKind, MessageChannel, MessagePurpose
from app.messages.models import Dispatch
from app.messages.operations import Owner, SendingTerms

OWNER = "campaign"
TEST_OWNER = "campaign_test"
MOST_TESTS = 5


def schedule(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> Dispatch:
    """Fix words and audience and have everybody written to, at its time or now.

    Raises Conflict when it was scheduled before, or with the first sentence of what is wrong.
    """
    _lock(session, campaign)
    if campaign.status is not CampaignStatus.DRAFT:
        raise Conflict(_l("It is scheduled already."))
    counts = queries.count(session, campaign) if campaign.segment is not None else None
    for finding in check(session, campaign, counts):
        if finding.problem:
            raise Conflict(finding.sentence)
    version = make_version(session, campaign, _purpose(campaign), name=CAMPAIGNS)
    terms = SendingTerms(
        send_at=max(campaign.send_at, at) if campaign.send_at else at,
        values={"company": company_name(session)},
        uncertain_policy=campaign.uncertain_policy,
        rate_cap=campaign.rate_cap,
    )
    dispatch = messages.start(
        session,
        version,
        queries.audience(session, campaign),
        owner=Owner(OWNER, campaign.id),
        terms=terms,
    )
    campaign.dispatch, campaign.message_template_version = dispatch, version
    move(campaign, MOVES, CampaignStatus.SCHEDULED)
    session.flush()
    emit(session, "campaign.scheduled", campaign_id=campaign.id, dispatch_id=dispatch.id)
    return dispatch


def send_test(
    session: Session, campaign: Campaign, addresses: Sequence[str], *, number: int = 0
) -> Dispatch:
    """Send the draft as it is to a few addresses, as the client of the preview would get it.

    It goes the way of a real message, is marked as a test and counts nowhere. Raises Invalid.
    """
    shown = queries.example(session, campaign, number)
    typed = Message(
        campaign.channel,
        _purpose(campaign),
        subject=f"[Test] {campaign.subject}" if campaign.subject else "",
        text=campaign.text,
        html=campaign.html,
        content_sid=campaign.content_sid,
        content_variables=campaign.content_variables,
    )
    version = make_version(session, typed, _purpose(campaign), name=TESTS)
    given = checked_addresses(campaign.channel, addresses)
    values = {"company": company_name(session), **(shown.values if shown else {})}
    return messages.start(
        session,
        version,
        _typed_audience(given, values),
        kind=DispatchKind.TEST,
        owner=Owner(TEST_OWNER, campaign.id),
        terms=SendingTerms(values={"company": values["company"]}),
    )


def _typed_audience(addresses: Sequence[str], values: dict[str, Any]) -> Any:
    """Return the addresses as an audience of nobody's."""
    typed = func.unnest(literal(list(addresses), ARRAY(Text)))
    each = typed.table_valued("address", name="address").c.address
    return select(
        cast(null(), BigInteger).label("client_id"),
        cast(each, Text).label("address"),
        literal(values, JSONB).label("values"),
    )


def checked_addresses(channel: MessageChannel, addresses: Sequence[str]) -> list[str]:
    """Return the addresses in their one form, each once. Raises Invalid."""
    mail = channel is MessageChannel.EMAIL
    typed = [one.strip() for one in addresses if one.strip()]
    found = list(
        dict.fromkeys(normalise_email(one) if mail else normalise_phone(one) for one in typed)
    )
    if not found:
        raise Invalid(_l("Write an address to send it to."), field="addresses")
    if len(found) > MOST_TESTS:
        raise Invalid(_l("A test goes to at most 5 addresses."), field="addresses")
    return found


def pause(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> None:
    """Stop within moments; nobody is lost. Raises Conflict when it is over."""
    messages.pause(session, _sending(session, campaign))
    _mirror(session, campaign)


def resume(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> None:
    """Go on with those who wait. Raises Conflict when it does not stand still."""
    messages.resume(session, _sending(session, campaign))
    _mirror(session, campaign)


def cancel(session: Session, campaign: Campaign, *, by: int | None, at: datetime) -> int:
    """Write to nobody more; return how many that is. What has left has left. Raises Conflict."""
    count = messages.cancel(session, _sending(session, campaign))
    _mirror(session, campaign)
    return count


def _sending(session: Session, campaign: Campaign) -> Dispatch:
    if campaign.dispatch_id is None:
        raise Conflict(_l("It is not scheduled yet."))
    return session.get_one(Dispatch, campaign.dispatch_id)


def _mirror(session: Session, campaign: Campaign) -> None:
    # The database has copied the status of the sending (a refresh flushes before).
    session.refresh(campaign, ["status"])


def _lock(session: Session, campaign: Campaign) -> None:
    session.refresh(campaign, with_for_update={"of": Campaign})


def _purpose(campaign: Campaign) -> MessagePurpose:
    return MessagePurpose(campaign.purpose.value)
