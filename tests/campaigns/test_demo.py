"""The demo's campaigns, and the page of settings that leads out of the outbox."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.campaigns import operations, queries
from app.campaigns.models import Campaign
from app.campaigns.operations.demo import load_campaigns
from app.kit import settings
from app.messages.queries.routes import MAIL_FROM, SMTP_URL
from tests.campaigns.conftest import make_reader
from tests.campaigns.site import at_work, reading_as, site  # noqa: F401 -- fixtures
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
    "text",
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
def test_the_sender_is_one_address_on_one_line(client, site, text):
    before = kept(MAIL_FROM)
    with reading_as("administrator", site):
        answer = client.post("/settings/", data={"mail_from": text})
        assert answer.status_code == 422, kept(MAIL_FROM)
    assert kept(MAIL_FROM) == before


@pytest.mark.parametrize(
    "text", ["a@example.com", "Tea\u00a0House <a@example.com>", '"Tea, House" <a@example.com>']
)
def test_a_sender_may_have_a_name_with_commas_and_spaces(client, site, text):
    with reading_as("administrator", site):
        assert client.post("/settings/", data={"mail_from": text}).status_code == 302
    assert kept(MAIL_FROM) == text


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
