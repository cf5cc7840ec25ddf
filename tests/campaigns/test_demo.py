"""The demo's campaigns, and the page of settings that leads out of the outbox."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.campaigns import operations, queries
from app.campaigns.models import Campaign
from app.campaigns.operations.demo import load_campaigns
from app.kit import settings
from app.kit.access import OfTheWhole
from app.kit.database.session import work
from app.kit.database.stamp import Role, company_stamp
from app.kit.screens.dberrors import as_refusal
from app.messages.queries.routes import MAIL_FROM, SMTP_URL
from tests.campaigns.conftest import make_reader
from tests.campaigns.site import at_work, reading_as, site  # noqa: F401 -- fixtures
from tests.company.factories import make_franchise
from tests.screens.bench import page


def test_the_drafts_of_the_demo_are_ready_but_for_the_clients(site, session):
    make_reader(session)
    for _twice in range(2):
        load_campaigns(session, "small")
    drafts = session.scalars(select(Campaign)).all()
    assert len(drafts) == 3
    for draft in drafts:
        found = operations.check(session, draft, queries.count(session, draft))
        assert [one.field for one in found if one.problem] in ([], ["segment"])


@pytest.fixture
def client(site):
    return site.test_client()


def kept(setting):
    with at_work() as session:
        return settings.get(session, setting)


def test_an_administrator_sets_the_mail_server_which_is_never_shown_again(client, site):
    with reading_as("administrator", site):
        page(client, "/settings/")
        url = "smtp://user:very-secret@mail.example.com:2525"
        form = {"smtp_url": url, "mail_from": "Shop <shop@example.com>"}
        answer = client.post("/settings/", data=form)
        assert answer.status_code == 302, answer.text[:2000]
        assert (kept(SMTP_URL), kept(MAIL_FROM)) == (url, "Shop <shop@example.com>")
        html = page(client, "/settings/")
        assert "very-secret" not in html
        assert "Shop &lt;shop@example.com&gt;" in html
        # An empty secret leaves it alone, "-" forgets it.
        assert (
            client.post("/settings/", data={"mail_from": "Other <o@example.com>"}).status_code
            == 302
        )
        assert kept(SMTP_URL) == url
        assert client.post("/settings/", data={"smtp_url": "-"}).status_code == 302
        assert kept(SMTP_URL) == ""


def test_what_does_not_fit_is_said_and_nothing_is_kept(client, site):
    before = kept(MAIL_FROM)
    with reading_as("administrator", site):
        form = {"smtp_url": "nonsense", "mail_from": "New <n@example.com>"}
        answer = client.post("/settings/", data=form)
        assert answer.status_code == 422
    assert kept(MAIL_FROM) == before


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "169.254.169.254", "[::1]", "localhost", "[::ffff:10.0.0.1]"]
)
def test_a_mail_server_inside_is_refused_beside_its_field(client, site, inside):
    """The worker would have connected there, and its answers been read in the campaign."""
    with reading_as("administrator", site):
        answer = client.post("/settings/", data={"smtp_url": f"smtp://{inside}:25"})
    assert answer.status_code == 422
    field = answer.text.split('name="smtp_url"')[1][:600]
    assert "This address is not on the public internet." in field
    assert kept(SMTP_URL) == ""


@pytest.mark.parametrize(
    "sender",
    [
        "a@example.com, b@example.com",
        "Shop <a@example.com>, Other <b@example.com>",
        "Shop\nBcc: b@example.com <a@example.com>",
        "Shop\u2028X <a@example.com>",
        "Shop\x0bX <a@example.com>",
        "Shop <a@example.com\r\nBcc: b@example.com>",
        "Shop <>",
        "Shop",
        "<a@example.com> <b@example.com>",
    ],
)
def test_the_sender_is_one_address_on_one_line(client, site, sender):
    before = kept(MAIL_FROM)
    with reading_as("administrator", site):
        answer = client.post("/settings/", data={"mail_from": sender})
        assert answer.status_code == 422, kept(MAIL_FROM)
    assert kept(MAIL_FROM) == before


@pytest.mark.parametrize(
    "sender", ["a@example.com", "Tea\u00a0House <a@example.com>", '"Tea, House" <a@example.com>']
)
def test_a_sender_may_have_a_name_with_commas_and_spaces(client, site, sender):
    with reading_as("administrator", site):
        assert client.post("/settings/", data={"mail_from": sender}).status_code == 302
    assert kept(MAIL_FROM) == sender


def test_a_mail_server_inside_is_kept_where_the_installation_allows_it(client, site, loopback):
    with reading_as("administrator", site):
        form = {"smtp_url": "smtp://127.0.0.1:25"}
        assert client.post("/settings/", data=form).status_code == 302
        assert kept(SMTP_URL) == "smtp://127.0.0.1:25"
        client.post("/settings/", data={"smtp_url": "-"})


def test_settings_are_for_administrators(client, site):
    for role in ("campaign_manager", "cashier"):
        with reading_as(role, site):
            assert client.get("/settings/").status_code == 403
            assert client.post("/settings/", data={"mail_from": "x"}).status_code == 403


WHOLE = "Only somebody who works for all its stores and sees all its clients can change it."


@pytest.mark.parametrize("sight", [Role.STORE, Role.STORE_CLIENTS, Role.OWN_CLIENTS])
def test_whoever_is_bound_reads_the_settings_and_changes_none(client, site, sight):
    before = kept(MAIL_FROM)
    with reading_as("owner", site, store_ids=(1,), bound_as=sight):
        html = page(client, "/settings/")
        assert WHOLE in html
        assert 'name="smtp_url"' not in html
        for form in ({"smtp_url": "smtp://mail.example.com:25"}, {"mail_from": "n@example.com"}):
            answer = client.post("/settings/", data=form)
            assert (answer.status_code, WHOLE in answer.text) == (403, True)
    assert (kept(SMTP_URL), kept(MAIL_FROM)) == ("", before)


def test_the_database_keeps_no_setting_of_whoever_is_bound(site):
    bound = company_stamp(1, user_id=1, store_ids=(1,))
    kept_row = "insert into company_setting (name, value) values ('mail_from', '1')"
    with site.app_context():
        for statement in (
            kept_row,
            "update company_setting set name = name",
            "delete from franchise",
        ):
            with pytest.raises(DBAPIError) as refused, work(bound) as session:
                session.execute(text(statement))
            with site.test_request_context():
                assert isinstance(as_refusal(refused.value), OfTheWhole)
        for change in (
            lambda s: settings.put(s, MAIL_FROM, "n@example.com"),
            lambda s: settings.reset(s, MAIL_FROM),
        ):
            with pytest.raises(OfTheWhole), work(bound) as session:
                change(session)


def test_whoever_is_bound_does_not_name_franchises(client, site):
    with at_work() as session:
        pk = make_franchise(session).id
    form = {"name": "Mine", "note": "", "version": "1"}
    with reading_as("owner", site, store_ids=(1,)):
        assert "/franchises/edit/" not in page(client, f"/franchises/show/{pk}")
        for path in ("/franchises/add", f"/franchises/edit/{pk}", "/company/edit/1"):
            answer = client.post(path, data=form)
            assert (answer.status_code, WHOLE in answer.text) == (403, True), path
    with reading_as("owner", site):
        assert "/franchises/edit/" in page(client, f"/franchises/show/{pk}")
        assert client.post(f"/franchises/edit/{pk}", data=form).status_code == 302


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "twilio_account_sid",
            ["AC" + "0aF" * 10 + "12"],
            [
                "AC/../../../admin/y?z=",
                "AC" + "0" * 31,
                "AC" + "0" * 33,
                "ac" + "0" * 32,
                "AC" + "٣" * 32,
            ],
        ),
        (
            "sms_sender",
            ["+4930123456", "Tea House", "MG" + "0b" * 16, "12345"],
            [
                "+49\u202830123456",
                "123",
                "A name too long",
                "whatsapp:+4930123456",
                "MG/..",
                "Tee™",
            ],
        ),
        (
            "whatsapp_sender",
            ["+4930123456", "whatsapp:+4930123456", "MG" + "0b" * 16],
            ["Tea House", "whatsapp:", "MG12", "whatsapp:+49 30 123456", "whatsapp:+1?x=1234567"],
        ),
        ("twilio_auth_token", ["f0" * 16], ["a b", "a\u0085b", "tökén"]),
    ],
)
def test_what_goes_into_an_address_or_a_head_has_the_form_of_its_provider(
    client, site, name, good, bad
):
    setting = settings.definition(name)
    with reading_as("administrator", site):
        for value in bad:
            answer = client.post("/settings/", data={name: value})
            assert (answer.status_code, kept(setting)) == (422, ""), value
        for value in good:
            assert client.post("/settings/", data={name: value}).status_code == 302, value
            assert kept(setting) == value
        client.post("/settings/", data={name: "-" if setting.secret else ""})
