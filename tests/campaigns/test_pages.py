"""The way of a campaign manager through the pages, and who may not walk it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from app.campaigns import operations
from app.campaigns.choices import CampaignStatus
from app.campaigns.models import Campaign
from app.kit import clock
from app.messages.choices import DispatchKind, MessageChannel
from app.messages.models import Dispatch, MessageTemplate
from tests import factories
from tests.campaigns.conftest import make_reader
from tests.campaigns.site import at_work, reading_as, site  # noqa: F401 -- fixtures
from tests.messages.hostile import TEXTS, quick
from tests.screens import filling
from tests.screens.bench import page


@pytest.fixture
def client(site):
    return site.test_client()


@pytest.fixture(autouse=True)
def manager(site):
    with reading_as("campaign_manager", site) as who:
        yield who


_n = iter(range(1, 1000))


def in_city(*cities):
    return {"any": [{"field": "city", "op": "is", "value": city} for city in cities]}


def make_draft(company=1, **values):
    """A draft to a segment of its own with Ada and Bo in it, and one who did not agree."""
    with at_work(company=company) as session:
        city = f"City {next(_n)}"
        make_reader(session, "Ada Weber", city=city)
        make_reader(session, "Bo Lind", city=city)
        make_reader(session, "Silent Sam", city=city, agreed=False)
        segment = factories.make_segment(session, definition=in_city(city))
        return factories.make_campaign(session, segment=segment, **values).id


def make_scheduled(company=1, **values):
    pk = make_draft(company, **values)
    with at_work(company=company) as session:
        operations.schedule(session, session.get_one(Campaign, pk), by=None, at=clock.now())
    return pk


def get(pk):
    with at_work() as session:
        return session.get_one(Campaign, pk)


def sendings(pk, kind="campaign"):
    with at_work() as session:
        found = select(Dispatch).where(Dispatch.owner_id == pk, Dispatch.owner_kind == kind)
        return list(session.scalars(found))


def post(client, pk, what, **data):
    return client.post(f"/campaigns/do/{what}/{pk}", data={"version": get(pk).version, **data})


# --- preparing --------------------------------------------------------------------------------


def test_a_campaign_begins_with_name_channel_and_segment(client):
    with at_work() as session:
        segment = factories.make_segment(session).id
    html = page(client, "/campaigns/add")
    assert 'name="text"' not in html
    form = {"name": "Autumn", "channel": "sms", "segment": str(segment), "purpose": "marketing"}
    answer = client.post("/campaigns/add", data={**form, "once": "o1"})
    assert answer.status_code == 302, answer.text[:2000]
    made = get(int(answer.location.rsplit("/", 1)[1]))
    assert (made.name, made.channel, made.status) == (
        "Autumn",
        MessageChannel.SMS,
        CampaignStatus.DRAFT,
    )


def test_before_sending_the_page_says_who_is_left_out_and_why(client):
    html = page(client, f"/campaigns/show/{make_draft()}")
    assert "No consent" in html
    assert "2 recipients" in html
    assert "No provider is set up for Email" in html


def test_the_page_shows_the_message_as_a_client_gets_it_and_then_another(client):
    pk = make_draft(text="Hello {{ first_name }} <b>")
    assert "Hello Ada &lt;b&gt;" in page(client, f"/campaigns/show/{pk}")
    url = f"/campaigns/preview/{pk}"
    typed = {"subject": "New", "text": "Dear {{ first_name }}", "preview": "1"}
    answer = client.post(url, data=typed)
    assert "Dear Bo" in answer.text
    assert 'data-preview-of="As Bo Lind sees it"' in answer.text
    assert "Unknown" not in answer.text
    wrong = client.post(url, data={**typed, "text": "{{ 1 + 1 }}"})
    assert "not available in texts" in wrong.text
    assert get(pk).text == "Hello {{ first_name }} <b>"


def test_a_hostile_text_is_refused_with_its_place_and_stops_no_page(client):
    pk = make_draft()
    data = filling.as_data(filling.form_values(page(client, f"/campaigns/edit/{pk}")))
    for number, (what, source) in enumerate(TEXTS.items()):
        typed = data | {("subject", "text", "html")[number % 3]: [source[:190_000]]}
        with quick(1, what):
            assert client.post(f"/campaigns/preview/{pk}", data=typed).status_code == 200
    for name in ("subject", "text", "html"):
        typed = data | {name: ["Hi {{ 1|round(4000000, 'ceil') }}"]}
        answer = client.post(f"/campaigns/edit/{pk}", data=typed)
        assert "Line 1: “round” does not take these arguments." in answer.text
    assert "round" not in get(pk).text + get(pk).subject + get(pk).html


def test_a_hostile_text_that_was_stored_before_is_shown_and_not_sent(client):
    pk = make_draft()
    with at_work() as session:
        session.get_one(Campaign, pk).text = "Hi {{ 1|round(4000000, 'ceil') }}"
    assert "does not take these arguments" in page(client, f"/campaigns/show/{pk}")
    tried = client.post(f"/campaigns/test/{pk}", data={"addresses": "me@example.com"})
    assert tried.status_code == 422
    assert "does not take these arguments" in tried.text
    post(client, pk, "schedule")
    assert get(pk).status is CampaignStatus.DRAFT


def test_whatsapp_variables_are_rows_that_the_preview_shows_before_they_are_saved(client):
    said = {"channel": MessageChannel.WHATSAPP, "text": "", "content_sid": f"HX{'a' * 32}"}
    pk = make_draft(**said, content_variables={"1": "{{ first_name }}"})
    html = page(client, f"/campaigns/show/{pk}")
    assert "{1}: Ada" in html
    assert '"1":' not in html
    data = filling.as_data(filling.form_values(html))
    row = "content_variables-1"
    typed = data | {f"{row}-name": ["2"], f"{row}-value": ["{{ company }} & more"]}
    shown = client.post(f"/campaigns/preview/{pk}", data=typed | {"preview": "0"})
    assert "{1}: Ada<br>{2}: " in shown.text
    assert "&amp; more" in shown.text
    assert get(pk).content_variables == {"1": "{{ first_name }}"}
    wrong = client.post(f"/campaigns/edit/{pk}", data=typed | {f"{row}-name": ["1"]})
    assert wrong.status_code == 422
    assert f'href="#{row}-name"' in wrong.text
    assert client.post(f"/campaigns/edit/{pk}", data=typed).status_code == 302
    assert get(pk).content_variables == {"1": "{{ first_name }}", "2": "{{ company }} & more"}


@pytest.mark.parametrize("odd", ["HX1", "HX" + "g" * 32])
def test_what_is_no_number_at_twilio_is_refused_beside_its_field(client, odd):
    pk = make_draft(channel=MessageChannel.WHATSAPP, text="", content_sid=f"HX{'a' * 32}")
    data = filling.as_data(filling.form_values(page(client, f"/campaigns/show/{pk}")))
    answer = client.post(f"/campaigns/edit/{pk}", data=data | {"content_sid": [odd]})
    assert answer.status_code == 422
    assert 'href="#content_sid"' in answer.text
    url = f"/api/v1/campaigns/{pk}"
    answer = client.patch(url, json={"content_sid": odd, "version": get(pk).version})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["content_sid"])
    assert get(pk).content_sid == f"HX{'a' * 32}"


def test_html_of_a_manager_is_never_part_of_our_page(client):
    pk = make_draft(text="", html="<p>Hi {{ name }}</p><script>alert(1)</script>")
    html = page(client, f"/campaigns/show/{pk}")
    assert "Hi Ada Weber" in html
    assert "<script>alert(1)" not in html


def test_a_draft_is_saved_and_a_stale_one_is_a_conflict(client):
    pk = make_draft()
    url = f"/campaigns/edit/{pk}"
    data = filling.as_data(filling.form_values(page(client, url)))
    data["subject"] = ["Changed"]
    assert client.post(url, data=data).status_code == 302
    assert get(pk).subject == "Changed"
    answer = client.post(url, data=data | {"subject": ["Mine"]})
    assert answer.status_code == 409
    assert get(pk).subject == "Changed"


def test_an_sms_has_a_meter_with_the_longest_values(client):
    with at_work() as session:
        make_reader(session, "Ada", phone="+447700900001", city="Meter")
        make_reader(session, "Maximiliane", phone="+447700900002", city="Meter")
        segment = factories.make_segment(session, definition=in_city("Meter"))
        pk = factories.make_campaign(
            session,
            segment=segment,
            channel=MessageChannel.SMS,
            subject="",
            text="Hi {{ first_name }} STOP",
        ).id
    html = page(client, f"/campaigns/show/{pk}")
    assert "&#34;first_name&#34;: &#34;Maximiliane&#34;" in html
    assert "data-sms-meter" in html
    assert '“<span data-sms="odd"></span>” makes it Unicode' in html


# --- test, check, schedule --------------------------------------------------------------------


def test_a_test_goes_out_marked_as_one_and_changes_nothing(client):
    pk = make_draft()
    page(client, f"/campaigns/test/{pk}")
    answer = client.post(
        f"/campaigns/test/{pk}", data={"addresses": "me@example.com, you@example.com"}
    )
    assert answer.status_code == 302
    (sending,) = sendings(pk, "campaign_test")
    assert (sending.kind, sending.audience) == (DispatchKind.TEST, 2)
    assert get(pk).status is CampaignStatus.DRAFT
    assert "me@example.com" in page(client, f"/campaigns/test/{pk}")
    refused = client.post(f"/campaigns/test/{pk}", data={"addresses": "nonsense"})
    assert refused.status_code == 422
    assert len(sendings(pk, "campaign_test")) == 1


def test_the_check_names_what_stands_against_it_and_hides_the_button(client):
    html = page(client, f"/campaigns/check/{make_draft(text='')}")
    assert "Write a text." in html
    assert "/do/schedule/" not in html
    html = page(client, f"/campaigns/check/{make_draft()}")
    assert "Send to 2 clients now" in html
    assert "/do/schedule/" in html


def test_scheduling_leads_to_the_page_that_shows_how_it_goes(client):
    pk = make_draft()
    assert post(client, pk, "schedule").status_code == 302
    assert get(pk).status is CampaignStatus.SCHEDULED
    html = page(client, f"/campaigns/show/{pk}")
    assert "0 of 2 sent" in html
    assert f'data-poll-url="/campaigns/progress/{pk}"' in html
    assert "data-poll-url" in page(client, f"/campaigns/progress/{pk}")
    assert json.loads(page(client, f"/campaigns/figures/{pk}")) == {
        "status": "scheduled",
        "audience": 3,
        "states": {"pending": 2, "skipped": 1},
        "left_out": {"no_consent": 1},
    }


def test_a_double_click_makes_one_sending(site, manager):
    from tests.screens.bench import signed_in

    pk = make_draft()
    version = get(pk).version

    def click(_number):
        with signed_in(manager):
            return (
                site.test_client()
                .post(f"/campaigns/do/schedule/{pk}", data={"version": version})
                .status_code
            )

    with ThreadPoolExecutor(2) as two:
        codes = sorted(two.map(click, range(2)))
    assert codes == [302, 409]
    assert len(sendings(pk)) == 1


def test_a_page_that_is_out_of_date_schedules_nothing(client):
    pk = make_draft()
    assert post(client, pk, "schedule", version="99").status_code == 409
    assert sendings(pk) == []


def test_what_is_scheduled_is_no_longer_edited(client):
    pk = make_draft()
    url = f"/campaigns/edit/{pk}"
    data = filling.as_data(filling.form_values(page(client, url)))
    assert post(client, pk, "schedule").status_code == 302
    data["version"], data["subject"] = [str(get(pk).version)], ["Later"]
    answer = client.post(url, data=data)
    assert answer.status_code == 409
    assert "what goes out is fixed" in answer.text
    for what in ("test", "check"):
        assert client.get(f"/campaigns/{what}/{pk}").status_code == 409


# --- while it runs ----------------------------------------------------------------------------


def test_pause_resume_and_cancel_name_their_consequence_and_work(client):
    pk = make_scheduled()
    html = page(client, f"/campaigns/show/{pk}")
    assert "This cannot be taken back" in html
    for what, status in (
        ("pause", CampaignStatus.PAUSED),
        ("resume", CampaignStatus.RUNNING),
        ("cancel", CampaignStatus.CANCELLED),
    ):
        assert post(client, pk, what).status_code == 302
        assert get(pk).status is status
        page(client, f"/campaigns/show/{pk}")
    assert post(client, pk, "resume").status_code == 409
    assert "data-poll-url" not in page(client, f"/campaigns/show/{pk}")


@pytest.mark.parametrize("what", ["pause", "resume", "cancel", "schedule"])
def test_each_brake_needs_its_right(client, site, what):
    pk = make_draft() if what == "schedule" else make_scheduled()
    with reading_as("campaign_manager", site, without=[(what, "Campaign")]):
        assert post(client, pk, what).status_code == 403
        assert f"/do/{what}/" not in page(client, f"/campaigns/show/{pk}")


def test_testing_and_checking_need_their_rights(client, site):
    pk = make_draft()
    with reading_as(
        "campaign_manager", site, without=[("test", "Campaign"), ("schedule", "Campaign")]
    ):
        for what in ("test", "check"):
            assert client.get(f"/campaigns/{what}/{pk}").status_code == 403
        assert (
            client.post(f"/campaigns/test/{pk}", data={"addresses": "a@example.com"}).status_code
            == 403
        )


def test_the_accountant_sees_no_campaigns(client, site):
    pk = make_draft()
    with reading_as("accountant", site):
        for url in ("/campaigns/list/", f"/campaigns/show/{pk}"):
            assert client.get(url).status_code == 403


@pytest.mark.parametrize("draft", [True, False])
def test_another_companys_campaign_is_not_there(client, draft):
    pk = make_draft(2) if draft else make_scheduled(2)
    for what in (
        "show",
        "edit",
        "test",
        "check",
        "progress",
        "figures",
        "recipients",
        "recipients",
    ):
        assert client.get(f"/campaigns/{what}/{pk}").status_code == 404, what
    assert client.get(f"/campaigns/recipients/{pk}/export").status_code == 404
    for what in ("edit", "test", "preview", "copy", "keep", "template", "archive"):
        assert client.post(f"/campaigns/{what}/{pk}", data={"version": 1}).status_code == 404, what
    for what in ("schedule", "pause", "resume", "cancel"):
        assert client.post(f"/campaigns/do/{what}/{pk}", data={}).status_code == 404, what


def test_recipients_are_listed_by_state_and_reason(client):
    pk = make_scheduled()
    html = page(client, f"/campaigns/recipients/{pk}")
    assert all(name in html for name in ("Ada Weber", "Bo Lind", "Silent Sam", "@example.com"))
    html = page(client, f"/campaigns/recipients/{pk}?reason=no_consent")
    assert "Silent Sam" in html
    assert "Ada Weber" not in html
    html = page(client, f"/campaigns/recipients/{pk}?state=pending&after=1")
    assert "Ada Weber" not in html
    assert "Bo Lind" in html
    assert client.get(f"/campaigns/recipients/{pk}?state=nonsense").status_code == 404
    lines = page(client, f"/campaigns/recipients/{pk}/export?state=skipped").splitlines()
    assert len(lines) == 2
    assert "Silent Sam" in lines[1]


def test_without_the_right_no_address_is_shown(client, site):
    pk = make_scheduled()
    with reading_as("campaign_manager", site, without=[("read", "contacts")]):
        for url in (
            f"/campaigns/recipients/{pk}",
            f"/campaigns/recipients/{pk}/export",
            f"/campaigns/show/{pk}",
        ):
            assert "@example.com" not in page(client, url)


def test_a_formula_in_a_name_stays_a_text_in_the_file(client):
    with at_work() as session:
        make_reader(session, "=1+1", city="Formula")
        segment = factories.make_segment(session, definition=in_city("Formula"))
        pk = factories.make_campaign(session, segment=segment).id
        operations.schedule(session, session.get_one(Campaign, pk), by=None, at=clock.now())
    assert "'=1+1" in page(client, f"/campaigns/recipients/{pk}/export")


# --- around it --------------------------------------------------------------------------------


def test_a_copy_is_a_new_draft(client):
    pk = make_scheduled()
    answer = client.post(f"/campaigns/copy/{pk}")
    made = get(int(answer.location.rsplit("/", 1)[1]))
    assert made.id != pk
    assert made.status is CampaignStatus.DRAFT


def test_words_are_kept_as_a_template_and_used_by_another(client):
    pk, other = make_draft(text="Kept words"), make_draft(text="")
    assert client.post(f"/campaigns/keep/{pk}").status_code == 302
    with at_work() as session:
        template = session.scalars(
            select(MessageTemplate.id).where(MessageTemplate.name == get(pk).name)
        ).one()
    assert get(pk).name in page(client, f"/campaigns/show/{other}")
    answer = client.post(f"/campaigns/template/{other}?template={template}")
    assert answer.status_code == 302
    assert "Kept words" in get(other).html
    for wrong in ("", "0", "99999999", "x"):
        assert client.post(f"/campaigns/template/{other}?template={wrong}").status_code == 404


def test_a_segment_that_cannot_be_read_stops_the_page_from_nothing(client):
    with at_work() as session:
        segment = factories.make_segment(
            session, definition={"field": "nonsense", "op": "is", "value": 1}
        )
        pk = factories.make_campaign(session, segment=segment).id
    page(client, f"/campaigns/show/{pk}")
    assert "/do/schedule/" not in page(client, f"/campaigns/check/{pk}")
    assert post(client, pk, "schedule").status_code == 422
    assert sendings(pk) == []


def test_the_pages_need_a_steady_number_of_queries(client, site):
    from tests.screens.bench import counted

    pk = make_scheduled()
    with counted(site) as seen:
        page(client, f"/campaigns/progress/{pk}")
    assert len(seen) <= 14, seen.statements


# --- one client -------------------------------------------------------------------------------


def test_a_client_is_written_to_from_the_card(client, site):
    with at_work() as session:
        ada = make_reader(session, "Ada Weber").id
        silent = make_reader(session, "Silent Sam", agreed=False).id
        theirs_pk = None
    with at_work(company=2) as session:
        theirs_pk = make_reader(session, "Theirs").id
    with reading_as("order_manager", site):
        tab = page(client, f"/clients/tab/{ada}/messages")
        url = f"/client-messages/write/{ada}/email"
        assert url in tab
        page(client, url)
        form = {"purpose": "marketing", "subject": "Hi", "text": "Hello {{ first_name }}"}
        assert client.post(url, data=form).status_code == 302
        assert "Advertising" in page(client, f"/clients/tab/{ada}/messages")
        refused = client.post(f"/client-messages/write/{silent}/email", data=form)
        assert refused.status_code == 409
        assert "has not agreed" in refused.text
        about_order = {**form, "purpose": "transactional"}
        assert (
            client.post(f"/client-messages/write/{silent}/email", data=about_order).status_code
            == 302
        )
        assert client.post(url, data={**form, "text": ""}).status_code == 422
        assert client.get(f"/client-messages/write/{theirs_pk}/email").status_code == 404
        assert client.get(f"/client-messages/write/{ada}/fax").status_code == 404
    with reading_as("master", site):
        assert client.get(f"/client-messages/write/{ada}/email").status_code == 403


def test_the_campaign_manager_sees_neither_costs_nor_salaries(manager):
    assert ("read", "costs") not in manager.rights
    assert ("read", "salaries") not in manager.rights
    assert {
        ("schedule", "Campaign"),
        ("write", "Suppression"),
        ("read", "contacts"),
    } <= manager.rights


def test_no_row_is_left_with_a_status_of_its_own(site):
    from app.campaigns.queries import statuses_that_disagree

    with at_work() as session:
        assert session.execute(statuses_that_disagree()).all() == []
        assert session.scalar(text("select count(*) from campaign")) is not None
