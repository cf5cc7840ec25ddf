"""From a draft to a sending: who is written to, what stops it, what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.campaigns import operations, queries
from app.campaigns.choices import CampaignStatus
from app.campaigns.models import Campaign
from app.campaigns.operations.content import Message, html_of
from app.clients import operations as clients
from app.clients.choices import Channel, ConsentSource, Purpose
from app.kit.errors import Conflict, Invalid
from app.messages.choices import (
    DispatchKind,
    DispatchStatus,
    MessageChannel,
    MessagePurpose,
    RecipientState,
    SkipReason,
    SuppressionReason,
)
from app.messages.engine.addresses import address_hash
from app.messages.models import Dispatch, DispatchRecipient, MessageTemplateVersion
from app.messages.operations import suppress
from tests import factories
from tests.campaigns.conftest import make_reader

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def launch(session, campaign, at=NOW):
    return operations.schedule(session, campaign, by=None, at=at)


def rows_of(session, dispatch):
    found = select(DispatchRecipient).where(DispatchRecipient.dispatch_id == dispatch.id)
    return {row.client_id: row for row in session.scalars(found)}


@pytest.fixture
def crowd(session):
    """Two who are written to and one for each reason to be left out."""
    people = {
        "ada": make_reader(session, "Ada Weber"),
        "bo": make_reader(session, "Bo Lind"),
        "silent": make_reader(session, "Silent Sam", agreed=False),
        "stopped": make_reader(session, "Stopped Sue", address="sue@example.com"),
        "nowhere": factories.make_client(session, name="Nowhere Nora"),
        "dead": make_reader(session, "Dead Dan"),
    }
    people["twin"] = make_reader(
        session, "Twin Tom", address=f"reader{people['ada'].id}@example.com"
    )
    suppress(
        session,
        MessageChannel.EMAIL,
        address_hash("email", "sue@example.com"),
        SuppressionReason.MANUAL,
    )
    point = session.query(factories.ContactPoint).filter_by(client_id=people["dead"].id).one()
    point.valid = False
    session.flush()
    return people


LEFT_OUT = {
    SkipReason.NO_ADDRESS: 1,
    SkipReason.DUPLICATE: 1,
    SkipReason.NO_CONSENT: 1,
    SkipReason.SUPPRESSED: 1,
    SkipReason.BAD_ADDRESS: 1,
}


def test_it_is_known_before_who_is_left_out_and_why(session, crowd):
    campaign = factories.make_campaign(session)
    counts = queries.count(session, campaign)
    assert (counts.segment, counts.recipients, counts.left_out) == (7, 2, LEFT_OUT)


def test_the_counts_before_are_those_of_the_audience_that_is_fixed(session, crowd):
    campaign = factories.make_campaign(session)
    before = queries.count(session, campaign)
    dispatch = launch(session, campaign)
    assert dispatch.audience == before.segment
    assert queries.left_out(session, dispatch.id) == before.left_out
    assert queries.outcomes(session, dispatch.id) == {
        RecipientState.PENDING: before.recipients,
        RecipientState.SKIPPED: 5,
    }
    rows = rows_of(session, dispatch)
    assert rows[crowd["silent"].id].skip_reason is SkipReason.NO_CONSENT
    assert rows[crowd["ada"].id].state is RecipientState.PENDING


def test_who_agreed_to_something_else_is_not_written_to(session):
    client = make_reader(session, agreed=False)
    factories.make_consent_event(session, client=client, channel=Channel.SMS)
    factories.make_consent_event(session, client=client, purpose=Purpose.REVIEW)
    assert queries.count(session, factories.make_campaign(session)).recipients == 0


def test_a_consent_that_was_withdrawn_counts_no_more(session):
    client = make_reader(session)
    campaign = factories.make_campaign(session)
    assert queries.count(session, campaign).recipients == 1
    clients.withdraw_consent(
        session,
        client,
        Channel.EMAIL,
        Purpose.MARKETING,
        source=ConsentSource.COUNTER,
        by=None,
        at=NOW,
    )
    assert queries.count(session, campaign).recipients == 0


def test_scheduling_fixes_the_words(session):
    make_reader(session)
    campaign = factories.make_campaign(
        session, text="Tea.\n\nFor {{ name }} & co:\nhttps://tea.example/x."
    )
    launch(session, campaign)
    version = session.get_one(MessageTemplateVersion, campaign.message_template_version_id)
    assert version.html.startswith(
        "<p>Tea.</p>\n<p>For {{ name }} &amp; co:<br>\n"
        '<a href="https://tea.example/x">https://tea.example/x</a>.</p>'
    )
    assert "{{ unsubscribe_url }}" in version.html
    assert campaign.status is CampaignStatus.SCHEDULED


def test_a_second_scheduling_is_refused(session):
    make_reader(session)
    campaign = factories.make_campaign(session)
    launch(session, campaign)
    with pytest.raises(Conflict, match="scheduled already"):
        launch(session, campaign)
    assert len(session.scalars(select(Dispatch)).all()) == 1


def test_what_is_scheduled_cannot_be_edited(session):
    make_reader(session)
    campaign = factories.make_campaign(session)
    launch(session, campaign)
    with pytest.raises(Conflict, match="what goes out is fixed"):
        operations.save_draft(session, campaign, by=None, at=NOW)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"segment": None}, "Choose a segment"),
        ({"subject": " "}, "Write a subject"),
        ({"text": ""}, "Write a text"),
        ({"text": "{{ nonsense }}"}, "Unknown variable: nonsense"),
        ({"text": "{{ name"}, "Line 1"),
        ({"send_at": datetime(2020, 1, 1, tzinfo=UTC)}, "Its time has passed"),
    ],
)
def test_what_stops_a_campaign_is_said_in_a_sentence(session, values, sentence):
    make_reader(session)
    campaign = factories.make_campaign(session, **values)
    with pytest.raises(Conflict, match=sentence):
        launch(session, campaign)
    assert campaign.dispatch_id is None


def test_a_campaign_to_nobody_is_refused(session):
    make_reader(session, agreed=False)
    with pytest.raises(Conflict, match="Nobody is left to write to"):
        launch(session, factories.make_campaign(session))


def test_an_empty_value_is_asked_about(session):
    make_reader(session)
    make_reader(session, "Firma", agreed=True, city="Kiel")
    campaign = factories.make_campaign(session, text="In {{ city }}, {{ last_name }}", subject="Hi")
    found = operations.check(session, campaign, queries.count(session, campaign))
    assert [(one.problem, one.sentence.split(" for ")[0]) for one in found] == [
        (False, "“City” is empty"),
        (False, "“Last name” is empty"),
    ]


def test_the_length_of_an_sms_is_that_of_the_longest_values(session):
    make_reader(session, "Al", phone="+447700900001")
    make_reader(session, "Bartholomew " + "x" * 30, phone="+447700900002")
    campaign = factories.make_campaign(
        session, channel=MessageChannel.SMS, subject="", text="STOP " + "y" * 130 + "{{ name }}"
    )
    found = operations.check(session, campaign, queries.count(session, campaign))
    assert [one.sentence for one in found] == [
        "With the longest values it is 2 SMS for each client."
    ]


def test_a_test_goes_to_the_typed_addresses_marked_as_one(session):
    client = make_reader(session)
    campaign = factories.make_campaign(session)
    dispatch = operations.send_test(session, campaign, ["Me@example.com", "me@example.com "])
    rows = list(rows_of(session, dispatch).values())
    assert [(row.address, row.client_id, row.state) for row in rows] == [
        ("me@example.com", None, RecipientState.PENDING)
    ]
    assert rows[0].values["first_name"] == client.first_name
    assert dispatch.kind is DispatchKind.TEST
    assert dispatch.message_template_version.subject.startswith("[Test] ")
    assert campaign.status is CampaignStatus.DRAFT


@pytest.mark.parametrize("typed", [[], ["nonsense"], [f"a{n}@example.com" for n in range(6)]])
def test_a_test_needs_one_to_five_addresses(session, typed):
    with pytest.raises(Invalid):
        operations.send_test(session, factories.make_campaign(session), typed)


def test_the_status_of_the_sending_is_the_campaigns(session):
    make_reader(session)
    campaign = factories.make_campaign(session)
    dispatch = launch(session, campaign)
    seen = [campaign.status]
    for step in (operations.pause, operations.resume, operations.cancel):
        step(session, campaign, by=None, at=NOW)
        seen.append(campaign.status)
    assert seen == [
        CampaignStatus.SCHEDULED,
        CampaignStatus.PAUSED,
        CampaignStatus.RUNNING,
        CampaignStatus.CANCELLED,
    ]
    assert dispatch.status is DispatchStatus.CANCELLED
    assert list(session.execute(queries.statuses_that_disagree())) == []


def test_a_draft_can_be_neither_paused_nor_cancelled(session):
    campaign = factories.make_campaign(session)
    for step in (operations.pause, operations.resume, operations.cancel):
        with pytest.raises(Conflict, match="not scheduled yet"):
            step(session, campaign, by=None, at=NOW)


def test_what_may_still_write_cannot_be_archived(session):
    make_reader(session)
    campaign = factories.make_campaign(session)
    launch(session, campaign, at=NOW + timedelta(days=1))
    with pytest.raises(Conflict, match="Cancel it first"):
        operations.archive(session, campaign, by=None, at=NOW)


def test_a_copy_is_a_draft_with_the_same_words(session):
    make_reader(session)
    campaign = factories.make_campaign(session, name="Autumn")
    launch(session, campaign)
    made = operations.copy(session, campaign)
    assert (made.name, made.status, made.text) == (
        "Autumn (copy)",
        CampaignStatus.DRAFT,
        campaign.text,
    )
    assert (made.segment_id, made.dispatch_id) == (campaign.segment_id, None)


def test_words_can_be_kept_as_a_template_and_used_again(session):
    campaign = factories.make_campaign(session, name="Autumn")
    template = operations.save_as_template(session, campaign, by=None, at=NOW)
    other = factories.make_campaign(session, subject="", text="")
    operations.use_template(session, other, template)
    assert other.subject == campaign.subject
    assert "ten per cent" in other.html
    with pytest.raises(Conflict, match="of this name"):
        operations.save_as_template(session, campaign, by=None, at=NOW)


# --- one message ------------------------------------------------------------------------------


def message(channel=MessageChannel.EMAIL, purpose="marketing"):
    from app.campaigns.operations.content import Message
    from app.messages.choices import MessagePurpose

    return Message(channel, MessagePurpose(purpose), subject="Hi", text="Hello {{ name }}")


def test_one_message_goes_to_the_clients_main_address(session):
    client = make_reader(session)
    dispatch_id, ord_ = operations.write_to_client(session, client, message())
    row = session.get_one(DispatchRecipient, (dispatch_id, ord_))
    assert (row.client_id, row.address) == (client.id, f"reader{client.id}@example.com")


@pytest.mark.parametrize(
    ("agreed", "channel", "sentence"),
    [
        (False, MessageChannel.EMAIL, "has not agreed"),
        (True, MessageChannel.SMS, "no address for this channel"),
    ],
)
def test_one_message_needs_consent_and_an_address(session, agreed, channel, sentence):
    client = make_reader(session, agreed=agreed)
    with pytest.raises(Conflict, match=sentence):
        operations.write_to_client(session, client, message(channel))


def test_a_message_about_an_order_needs_no_consent(session):
    client = make_reader(session, agreed=False)
    assert operations.write_to_client(session, client, message(purpose="transactional"))


@pytest.mark.parametrize("odd", [{"name": "x"}, {"0": "x"}, {"": "x"}, {"1": 5}, {"1": {}}])
def test_the_variables_of_a_whatsapp_are_texts_by_number(odd):
    campaign = Campaign(name="Autumn", status=CampaignStatus.DRAFT, content_variables=odd)
    with pytest.raises(Invalid) as refused:
        operations.create(None, campaign, by=None, at=NOW)
    assert refused.value.field == "content_variables"


@pytest.mark.parametrize(
    "odd",
    ["HX1", "hx" + "a" * 32, "HX" + "g" * 32, "HX" + "a" * 31, "HX" + "a" * 33, "HX\u0661" * 17],
)
def test_a_whatsapp_template_is_named_by_its_number_at_twilio(odd):
    campaign = Campaign(name="Autumn", status=CampaignStatus.DRAFT, content_sid=odd)
    with pytest.raises(Invalid) as refused:
        operations.create(None, campaign, by=None, at=NOW)
    assert refused.value.field == "content_sid"


@pytest.mark.parametrize(
    ("typed", "begins", "ways_out"),
    [
        ({"text": "Tea."}, "<p>Tea.</p>", 1),
        ({"text": "Tea.", "html": " "}, "<p>Tea.</p>", 1),
        ({"text": "Tea.", "html": "<b>Tea</b>"}, "<b>Tea</b>", 1),
        ({"html": "<a href='{{ unsubscribe_url }}'>No</a>"}, "<a href=", 1),
        ({"text": "Tea.", "purpose": MessagePurpose.TRANSACTIONAL}, "<p>Tea.</p>", 0),
        ({"text": "Tea.", "channel": MessageChannel.SMS}, "", 0),
        ({"html": "<b>Tea</b>", "channel": MessageChannel.SMS}, "", 0),
        ({}, "", 0),
    ],
)
def test_advertising_by_email_has_one_way_out(typed, begins, ways_out):
    usual = {"channel": MessageChannel.EMAIL, "purpose": MessagePurpose.MARKETING}
    html = html_of(Message(**usual | typed))
    assert html.count("{{ unsubscribe_url }}") == ways_out
    assert html.startswith(begins)
    assert bool(html) == bool(begins)


def test_examples_are_readers_and_only_without_any_others_of_the_segment(session):
    make_reader(session, "Silent Sam", agreed=False)
    campaign = factories.make_campaign(session)

    def shown():
        return [one.name for one in queries.examples(session, campaign, 9)]

    assert shown() == ["Silent Sam"]
    make_reader(session, "Ada Weber")
    assert shown() == ["Ada Weber"]
    assert queries.examples(session, Campaign(segment=None), 9) == []
