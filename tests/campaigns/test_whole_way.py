"""Segment, campaign, test, schedule, dispatch, link in the mail, and the next campaign without them."""

from __future__ import annotations

import base64
import re
from email import message_from_string

import pytest
from sqlalchemy import select, text

from app.campaigns import operations, queries
from app.campaigns.choices import CampaignStatus
from app.campaigns.models import Campaign
from app.clients.models import ConsentCurrent
from app.kit import clock
from app.kit.events import Happened
from app.kit.events.subscribing import SUBSCRIBERS
from app.messages.choices import RecipientState, SkipReason
from tests import factories
from tests.campaigns.conftest import make_reader
from tests.campaigns.site import at_work, reading_as, site  # noqa: F401 -- fixtures
from tests.messages.conftest import sink  # noqa: F401 -- a fixture
from tests.messages.sending import House
from tests.screens.bench import page

_WAITING = text("""
select e.id, e.name, e.data, e.at, e.company_id, d.subscriber from event_delivery d
  join event e on e.id = d.event_id where d.state = 'waiting' and e.name = 'message.unsubscribed'""")


@pytest.fixture
def worker(site, sink, tmp_path):
    """What a worker process does, with the relay of the test."""
    house = House(tmp_path / "journal")
    house.with_relay(sink.port)
    house.installation = type(house.installation)(
        public_url="http://localhost", smtp_url=house.installation.smtp_url
    )
    return house


def deliver():
    """Tell the subscribers, as the jobs do."""
    with at_work() as session:
        for row in session.execute(_WAITING).all():
            happened = Happened(row.id, row.name, row.data, row.at, row.company_id, None)
            SUBSCRIBERS[row.name, row.subscriber].call(session, happened)


def texts(mail):
    """The decoded parts of a mail."""
    parts = message_from_string(mail).walk()
    return "\n".join(
        base64.b64decode(part.get_payload()).decode() for part in parts if not part.is_multipart()
    )


def _to(mail):
    return mail["to"].strip("<>")


def campaign_in(city):
    with at_work() as session:
        segment = factories.make_segment(
            session, definition={"field": "city", "op": "is", "value": city}
        )
        return factories.make_campaign(
            session, segment=segment, subject="For {{ first_name }}", text="Hello {{ first_name }}"
        ).id


def counts(pk):
    with at_work() as session:
        return queries.count(session, session.get_one(Campaign, pk))


def become_of(pk):
    with at_work() as session:
        campaign = session.get_one(Campaign, pk)
        states = queries.outcomes(session, campaign.dispatch_id)
        return campaign.status, states, queries.left_out(session, campaign.dispatch_id)


def test_from_a_segment_to_a_mail_and_out_again(site, sink, worker):
    client = site.test_client()
    with at_work() as session:
        ada = make_reader(session, "Ada Weber", city="Kiel", address="ada@example.com").id
        make_reader(session, "Bo Lind", city="Kiel", address="bo@example.com")
        make_reader(session, "Silent Sam", city="Kiel", agreed=False)
        make_reader(session, "Far Fay", city="Bonn")
    first = campaign_in("Kiel")
    before = counts(first)
    assert (before.segment, before.recipients) == (3, 2)

    with reading_as("campaign_manager", site):
        form = {"addresses": "me@example.com"}
        assert client.post(f"/campaigns/test/{first}", data=form).status_code == 302
        worker.drain()
        (test,) = sink.mails()
        assert _to(test) == "me@example.com"
        assert "[Test] For Ada" in test["data"]
        assert client.post(f"/campaigns/do/schedule/{first}", data={}).status_code == 302
        worker.drain()
        html = page(client, f"/campaigns/show/{first}")
        assert "2 of 2 sent" in html

    status, states, left_out = become_of(first)
    assert status is CampaignStatus.COMPLETED
    assert states == {RecipientState.ACCEPTED: before.recipients, RecipientState.SKIPPED: 1}
    assert left_out == before.left_out
    mails = {_to(mail): mail["data"] for mail in sink.mails() if _to(mail) != "me@example.com"}
    assert set(mails) == {"ada@example.com", "bo@example.com"}
    assert "Hello Ada" in texts(mails["ada@example.com"])

    link = re.search(r"List-Unsubscribe: <http://localhost(/u/[^>]+)>", mails["ada@example.com"])
    assert link is not None
    assert link.group(1) in texts(mails["ada@example.com"])
    # A scanner that follows the link unsubscribes nobody.
    page(client, link.group(1))
    assert counts(campaign_in("Kiel")).recipients == 2
    one_click = {"List-Unsubscribe": "One-Click"}
    for _twice in range(2):
        assert client.post(link.group(1), data=one_click).status_code == 200
    deliver()
    with at_work() as session:
        granted = select(ConsentCurrent.granted).where(ConsentCurrent.client_id == ada)
        assert session.scalars(granted).all() == [False]

    second = campaign_in("Kiel")
    assert counts(second).left_out == {SkipReason.NO_CONSENT: 2}
    with at_work() as session:
        operations.schedule(session, session.get_one(Campaign, second), by=None, at=clock.now())
    worker.drain()
    assert become_of(second)[1] == {RecipientState.ACCEPTED: 1, RecipientState.SKIPPED: 2}
    assert sorted(_to(mail) for mail in sink.mails()) == [
        "ada@example.com",
        "bo@example.com",
        "bo@example.com",
        "me@example.com",
    ]
    with reading_as("campaign_manager", site):
        assert "Unsubscribed" in page(client, f"/campaigns/show/{first}")
        assert "message.unsubscribed" not in page(client, f"/clients/show/{ada}")


def test_without_a_provider_everything_lies_in_the_outbox_and_says_so(site, tmp_path):
    worker = House(tmp_path / "journal")
    client = site.test_client()
    with at_work() as session:
        make_reader(session, "Ada Weber", city="Ulm", address="ulm@example.com")
    pk = campaign_in("Ulm")
    with reading_as("campaign_manager", site):
        assert client.post(f"/campaigns/do/schedule/{pk}", data={}).status_code == 302
        worker.drain()
        assert become_of(pk)[1] == {RecipientState.OUTBOX: 1}
        html = page(client, f"/campaigns/show/{pk}")
        assert "1 of 1 in the outbox, not sent" in html
        assert "Nothing was sent" in html
        assert "For Ada" in page(client, "/outbox-messages/list/")
