"""Nothing new names a client who was archived; what named them before, and history, goes on."""

from __future__ import annotations

import pytest

from app.clients.models import Client
from app.kit import clock
from app.orders.models import Order
from tests import factories
from tests.factories import NOON
from tests.orders.test_screens import app, client, post  # noqa: F401 -- the app of these tests
from tests.screens import bench

GONE = "This is archived. Restore it first."


def let_go(pk, *, at=NOON):
    with bench.at_work() as session:
        session.get_one(Client, pk).archived_at = at


@pytest.fixture
def body():
    """An order of somebody who is archived."""
    with bench.at_work() as session:
        store = factories.make_store(session)
        rod = factories.make_variant(session, stock=9, store_id=store.id)
        buyer = factories.make_client(session).id
        order = {"store": store.id, "client": buyer, "lines": [{"variant": rod.id, "quantity": 1}]}
    let_go(buyer)
    return order


def refused(answer, field):
    return (answer.status_code, answer.json["errors"]) == (422, {field: [GONE]})


def test_a_program_places_no_order_for_them_until_they_are_restored(client, body):
    assert refused(post(client, "orders", body), "client")
    let_go(body["client"], at=None)
    assert post(client, "orders", body).status_code == 201


def test_nobody_drafts_an_order_for_them(client, body):
    form = {"store": str(body["store"]), "client": str(body["client"])}
    answer = client.post("/orders/add", data=form)
    assert answer.status_code == 422
    assert GONE in answer.text
    assert 'href="#client"' in answer.text


def test_a_draft_of_theirs_is_kept_and_not_placed(client):
    with bench.at_work() as session:
        buyer = factories.make_client(session).id
        order = factories.make_draft(session, client=session.get_one(Client, buyer))
        session.add(order)
        session.flush()
        pk = order.id
    let_go(buyer)
    answer = post(client, f"orders/{pk}/place", {})
    assert (answer.status_code, list(answer.json["errors"])) == (409, ["client"])
    assert answer.json["detail"] == "The client is archived. Restore them first."
    let_go(buyer, at=None)
    assert post(client, f"orders/{pk}/place", {}).status_code == 200


def test_their_history_is_moved_in_and_what_they_had_ordered_goes_on(client, body):
    past = {"number": f"OLD-{factories.number()}", "placed_at": "2024-02-28T20:00:00Z"}
    made = post(client, "orders", {**body, **past})
    assert made.status_code == 201, made.text
    pk = made.json["id"]
    assert post(client, f"orders/{pk}/confirm", {}).status_code == 200
    with bench.at_work() as session:
        assert session.get_one(Order, pk).client_id == body["client"]


def test_no_certificate_is_made_out_to_them_and_the_one_they_hold_can_be_changed(client, body):
    said = {"amount": "20", "currency": "EUR"}
    assert refused(post(client, "certificates", {**said, "client": body["client"]}), "client")
    with bench.at_work() as session:
        holder = factories.make_client(session)
        held = factories.make_certificate(session, client=holder, active=False)
        pk, version, holder = held.id, held.version, holder.id
    let_go(holder, at=clock.now())
    same = {"client": holder, "version": version}
    assert client.patch(f"/api/v1/certificates/{pk}", json=same).status_code == 200
