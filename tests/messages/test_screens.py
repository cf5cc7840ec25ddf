"""Pages of messages: the outbox says that nothing was sent, suppressions are made and lifted by hand."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.kit.events.models import Event
from app.messages.choices import MessageChannel, SuppressionReason
from app.messages.engine.addresses import address_hash
from app.messages.models import MessageTemplateVersion, Suppression
from tests import factories
from tests.campaigns.site import at_work, reading_as, site  # noqa: F401 -- fixtures
from tests.screens.bench import page


@pytest.fixture
def client(site):
    return site.test_client()


@pytest.fixture(autouse=True)
def manager(site):
    with reading_as("campaign_manager", site) as who:
        yield who


def suppressions():
    with at_work() as session:
        return {one.address_hash: one for one in session.scalars(select(Suppression))}


def test_an_address_can_be_suppressed_by_hand_and_lifted_with_a_reason(client):
    page(client, "/suppressions/add")
    form = {"channel": "email", "address": " Gone@Example.com ", "source": "asked by phone"}
    assert client.post("/suppressions/add", data=form).status_code == 302
    found = suppressions()[address_hash("email", "gone@example.com")]
    assert (found.reason, found.source) == (SuppressionReason.MANUAL, "asked by phone")
    assert "Lift" in page(client, f"/suppressions/show/{found.id}")
    page(client, f"/suppressions/lift/{found.id}")
    assert client.post(f"/suppressions/lift/{found.id}", data={}).status_code == 422
    answer = client.post(f"/suppressions/lift/{found.id}", data={"reason": "wants them again"})
    assert answer.status_code == 302
    assert address_hash("email", "gone@example.com") not in suppressions()
    with at_work() as session:
        event = session.scalars(select(Event).where(Event.name == "suppression.lifted")).one()
        assert event.data["reason"] == "wants them again"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"channel": "email", "address": "nonsense", "source": "x"},
        {"channel": "fax", "address": "a@example.com", "source": "x"},
        {"channel": "sms", "address": "12", "source": "x"},
    ],
)
def test_what_is_no_address_is_not_suppressed(client, form):
    before = set(suppressions())
    assert client.post("/suppressions/add", data=form).status_code == 422
    assert set(suppressions()) == before


def test_lifting_needs_its_right(client, site):
    with at_work() as session:
        pk = factories.make_suppression(session).id
    with reading_as("campaign_manager", site, without=[("lift", "Suppression")]):
        assert client.post(f"/suppressions/lift/{pk}", data={"reason": "x"}).status_code == 403
        assert "/lift/" not in page(client, f"/suppressions/show/{pk}")


def test_another_companys_suppression_is_not_there(client):
    with at_work(company=2) as session:
        pk = factories.make_suppression(session).id
    for url in (f"/suppressions/show/{pk}", f"/suppressions/lift/{pk}"):
        assert client.get(url).status_code == 404
    assert client.post(f"/suppressions/lift/{pk}", data={"reason": "x"}).status_code == 404


def test_the_outbox_says_that_nothing_was_sent_and_shows_html_as_its_source(client):
    with at_work() as session:
        pk = factories.make_outbox_message(
            session, subject="Tea", html="<script>alert(1)</script>", address="ada@example.com"
        ).id
    assert "not sent" in page(client, "/outbox-messages/list/")
    html = page(client, f"/outbox-messages/show/{pk}")
    assert "This was not sent and reached nobody." in html
    assert "<script>alert(1)</script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "ada@example.com" in html


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("content_sid", "HX1"),
        ("content_sid", "HX" + "g" * 32),
        ("content_variables", {"name": "x"}),
        ("content_variables", {"100": "x"}),
    ],
)
def test_a_wording_names_a_template_at_twilio_by_its_number_and_texts_by_theirs(client, field, odd):
    with at_work() as session:
        pk = factories.make_message_template(session, channel=MessageChannel.WHATSAPP).id
    right = {
        "message_template": pk,
        "content_sid": f"HX{'0a' * 16}",
        "content_variables": {"1": "x"},
    }
    answer = client.post("/api/v1/message-template-versions", json={**right, field: odd})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    if field == "content_sid":
        form = {"message_template": str(pk), "content_sid": odd}
        answer = client.post("/message-template-versions/add", data=form)
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
    answer = client.post("/api/v1/message-template-versions", json=right)
    assert answer.status_code == 201, answer.text


def test_addresses_are_for_those_who_may_see_how_to_reach_clients(client, site):
    with at_work() as session:
        pk = factories.make_outbox_message(session, address="hidden@example.com").id
    with reading_as("campaign_manager", site, without=[("read", "contacts")]):
        for url in (
            "/outbox-messages/list/",
            f"/outbox-messages/show/{pk}",
            "/outbox-messages/export",
        ):
            assert "hidden@example.com" not in page(client, url)


def test_a_new_wording_is_a_new_version(client):
    with at_work() as session:
        template = factories.make_message_template(session, channel=MessageChannel.SMS)
        pk = template.id
    form = {"message_template": str(pk), "body": "Tea for {{ first_name }}"}
    for _ in range(2):
        answer = client.post("/message-template-versions/add", data=form)
        assert answer.status_code == 302, answer.text[:3000]
    with at_work() as session:
        found = select(MessageTemplateVersion).where(
            MessageTemplateVersion.message_template_id == pk
        )
        assert [
            one.number for one in session.scalars(found.order_by(MessageTemplateVersion.number))
        ] == [1, 2]
    wrong = {"message_template": str(pk), "body": "Tea for {{ nobody }}"}
    answer = client.post("/message-template-versions/add", data=wrong)
    assert answer.status_code == 422
    assert "Unknown variable: nobody" in answer.text
