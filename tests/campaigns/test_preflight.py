"""What is said before a campaign is scheduled: what stops it, and what is only asked."""

from datetime import UTC, datetime, timedelta

import pytest

from app.campaigns import queries
from app.campaigns.models import Campaign
from app.campaigns.operations import preflight
from app.clients.choices import Purpose
from app.kit import clock
from app.messages.choices import MessageChannel, SkipReason
from tests import factories
from tests.campaigns.conftest import make_reader

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def reading(**typed):
    usual = {"name": "A", "purpose": Purpose.MARKETING, "channel": MessageChannel.EMAIL}
    words = {"subject": "Tea", "text": "Tea.", "html": "", "content_sid": None}
    return Campaign(**{**usual, **words, "content_variables": {}, **typed})


SMS, WHATSAPP = MessageChannel.SMS, MessageChannel.WHATSAPP


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({}, []),
        ({"subject": " "}, ["subject"]),
        ({"text": " "}, ["text"]),
        ({"text": " ", "html": "<b>Tea</b>"}, []),
        ({"text": " ", "html": " "}, ["text"]),
        ({"channel": SMS, "subject": "", "text": "Tea. STOP"}, []),
        ({"channel": SMS, "text": "", "html": "<b>Tea</b>"}, ["text"]),
        ({"channel": WHATSAPP, "subject": "", "text": "", "content_sid": "HX1"}, []),
        ({"subject": "{{ nickname }}"}, ["subject"]),
        ({"text": "{{ nickname }} {{ first_name }} {{ unsubscribe_url }}"}, ["text"]),
        ({"html": "<b>{{ nickname }}</b>"}, ["html"]),
        ({"text": "{% for %}"}, ["text"]),
    ],
)
def test_what_is_missing_or_unreadable_is_said_beside_its_field(typed, fields):
    assert [one.field for one in preflight._words(reading(**typed)) if one.problem] == fields


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({}, []),
        ({"channel": WHATSAPP}, ["content_sid"]),
        ({"channel": WHATSAPP, "content_sid": "HX1"}, []),
        ({"channel": SMS}, ["text"]),
        ({"channel": SMS, "text": "Stop: no"}, []),
        ({"channel": SMS, "text": "nonstop"}, ["text"]),
        ({"channel": SMS, "text": "{{ unsubscribe_url }}"}, []),
        ({"channel": SMS, "text": " "}, []),
        ({"html": "unsubscribe_url" + "x" * (102_000 - 15)}, []),
        ({"html": "unsubscribe_url" + "x" * (102_000 - 14)}, ["html"]),
    ],
)
def test_what_is_doubtful_is_asked_and_stops_nothing(typed, fields):
    assert [one.field for one in preflight._doubts(reading(**typed))] == fields
    assert not any(one.problem for one in preflight._doubts(reading(**typed)))


@pytest.mark.parametrize(
    ("late", "fields"), [(None, []), (-1, []), (0, []), (60 * 24 * 365, ["send_at"])]
)
def test_a_time_that_has_passed_long_ago_is_refused(late, fields):
    with clock.frozen(NOW):
        at = None if late is None else NOW - timedelta(minutes=late)
        assert [one.field for one in preflight._time(reading(send_at=at))] == fields
        on_the_edge = [NOW - preflight._LATE, NOW - preflight._LATE - timedelta(seconds=1)]
        asked = [len(list(preflight._time(reading(send_at=one)))) for one in on_the_edge]
        assert asked == [0, 1]


@pytest.mark.parametrize(
    ("segment", "counted", "words"),
    [
        (None, 3, "Choose a segment"),
        ("one", None, "Choose a segment"),
        ("archived", 3, "archived"),
        ("one", 0, "Nobody is left"),
        ("one", 1, ""),
    ],
)
def test_a_campaign_has_somebody_to_write_to(session, segment, counted, words):
    there = segment and factories.make_segment(session)
    if segment == "archived":
        there.archived_at = NOW
    counts = (
        None if counted is None else queries.AudienceCounts(4, {SkipReason.SUPPRESSED: 4 - counted})
    )
    found = list(preflight._audience(reading(segment=there or None), counts))
    assert [one.field for one in found] == (["segment"] if words else [])
    assert all(words in one.sentence for one in found)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Dear {{ last_name }}", True),
        ("Dear {{ last_name|default('you') }}", False),
        ("Dear {{ last_name | d ('you') }}", False),
        ("{% if last_name %}Dear {{ last_name }}{% endif %}", False),
        ("{% if first_name %}Dear {{ last_name }}{% endif %}", True),
        ("Dear {{ first_name }}", False),
    ],
)
def test_a_value_that_some_have_not_needs_words_instead(session, text, asked):
    one = make_reader(session, "Ada")
    campaign = reading(text=text)
    examples = [queries.Example(one.id, one.name, {"first_name": "Ada", "last_name": ""})]
    found = [said for said in preflight._fit(campaign, examples) if "is empty for" in said.sentence]
    assert bool(found) == asked
    assert not any(said.problem for said in found)
