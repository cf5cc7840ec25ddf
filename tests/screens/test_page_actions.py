"""What pages of their own ask and do, asked of and done by the API."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.clients.models import Segment
from app.kit.security.models import Role
from app.messages.models import Suppression
from tests import factories
from tests.screens import bench, filling
from tests.screens.base import all_rights
from tests.screens.bench import reader_with, signed_in

API = "/api/v1"


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


@pytest.fixture
def client(whole_app):
    with signed_in(reader_with(all_rights(whole_app))):
        yield whole_app.test_client()


def test_an_address_is_suppressed_and_lifted_with_a_reason(client):
    body = {"channel": "email", "address": f"A{factories.number()}@Example.com", "source": "Phone"}
    made = client.post(f"{API}/suppressions", json=body)
    assert made.status_code == 201, made.json
    again = client.post(f"{API}/suppressions", json=body)
    assert again.json["id"] == made.json["id"]
    assert client.post(f"{API}/suppressions", json={**body, "address": "x"}).status_code == 422
    where = f"{API}/suppressions/{made.json['id']}/lift"
    for reason in ({}, {"reason": "  "}, {"reason": "x" * 201}):
        assert client.post(where, json=reason).status_code == 422
    lifted = client.post(where, json={"reason": "Asked for the news again"})
    assert (lifted.status_code, lifted.json["result"]) == (200, None), lifted.json
    with bench.at_work() as session:
        assert session.get(Suppression, made.json["id"]) is None


def test_a_segments_conditions_are_checked_as_in_the_editor(client):
    known = {"field": "country", "op": "one_of", "value": ["GB"]}
    name = f"Segment {factories.number()}"
    made = client.post(f"{API}/segments", json={"name": name, "definition": {"all": [known]}})
    assert made.status_code == 201, made.json
    row = made.json["result"]
    assert (row["kind"], row["definition"]) == ("saved", {"all": [known]})
    for bad in ({"all": [{"field": "colour", "op": "is", "value": 1}]}, {"all": 5}, {"odd": []}):
        for call, body in (
            (client.post, {"name": f"{name} b", "definition": bad}),
            (client.put, {"definition": bad, "version": row.get("version", 1)}),
        ):
            url = f"{API}/segments" if call == client.post else f"{API}/segments/{row['id']}"
            answer = call(url, json=body)
            assert answer.status_code == 422, (bad, answer.json)
            assert list(answer.json["errors"]) == ["definition"]
    with bench.at_work() as session:
        assert session.get_one(Segment, row["id"]).definition == {"all": [known]}


def test_nobody_is_invited_where_no_mail_can_be_sent(client, whole_app):
    with bench.at_work() as session:
        role = session.scalar(select(Role.id).where(Role.company_id == 1).limit(1))
    if role is None:
        with bench.at_work() as session:
            made = Role(name=f"Role {factories.number()}")
            session.add(made)
            session.flush()
            role = made.id
    body = {"email": f"n{factories.number()}@example.com", "roles": [role]}
    answer = client.post(f"{API}/invitations", json=body)
    assert answer.status_code == 409
    assert "/invitation/" not in answer.text
    assert client.post(f"{API}/invitations", json={"email": "a@b.example"}).status_code == 422
    assert client.post(f"{API}/people", json={}).status_code == 405
    assert client.post(f"{API}/api-keys", json={"name": "A"}).status_code == 405


def test_a_campaign_is_made_copied_kept_and_tested(client, whole_app):
    with bench.at_work() as session:
        segment = factories.make_segment(session).id
    body = {"name": f"News {factories.number()}", "channel": "email", "segment": segment}
    made = client.post(f"{API}/campaigns", json={**body, "subject": "Hi", "text": "Hello"})
    assert made.status_code == 201, made.json
    where = f"{API}/campaigns/{made.json['id']}"
    copied = client.post(f"{where}/copy")
    assert (copied.status_code, copied.json["made"]["resource"]) == (200, "campaigns")
    kept = client.post(f"{where}/keep")
    assert kept.status_code == 200, kept.json
    template = kept.json["made"]["id"]
    used = client.post(f"{where}/use_template", json={"template": template})
    assert used.status_code == 200, used.json
    assert client.post(f"{where}/use_template", json={"template": 10**9}).status_code == 422
    many = {"addresses": [f"{n}@example.com" for n in range(6)]}
    assert client.post(f"{where}/test", json=many).status_code == 422
    rights = all_rights(whole_app) - {("write", "MessageTemplate"), ("test", "Campaign")}
    with signed_in(reader_with(rights)):
        assert client.post(f"{where}/keep").status_code == 403
        assert (
            client.post(f"{where}/test", json={"addresses": ["a@example.com"]}).status_code == 403
        )


def test_writing_to_a_client_needs_the_right_to_write_messages(client, whole_app):
    with bench.at_work() as session:
        pk = factories.make_client(session).id
    body = {"channel": "email", "text": "Your rod is here.", "subject": "Ready"}
    where = f"{API}/clients/{pk}/write"
    assert client.post(where, json={**body, "channel": "pigeon"}).status_code == 422
    with signed_in(reader_with(all_rights(whole_app) - {("write", "ClientMessage")})):
        assert client.post(where, json=body).status_code == 403


def test_no_cookie_is_set_by_what_programs_do(client):
    with bench.at_work() as session:
        pk = filling.SPECIAL["membership"](session).id
    answer = client.post(f"{API}/people/{pk}/send_reset")
    assert "Set-Cookie" not in answer.headers
