"""Clients who agreed, and whoever else makes an audience interesting."""

from __future__ import annotations

import pytest

from app.clients import events, queries  # noqa: F401 -- events subscribe
from app.clients.choices import Channel, ContactChannel
from app.kit.signing import use_keys
from app.messages.queries import eligibility_rules, values
from tests import factories


@pytest.fixture(scope="session", autouse=True)
def what_clients_tell() -> None:
    """What `extend` registers, also without an application."""
    use_keys(["k" * 40])
    eligibility_rules.register(queries.CONSENT)
    values.register(queries.TOLD)


def make_reader(session, name="Ada Weber", *, agreed=True, address=None, phone=None, **values):
    """A client with an email or phone, who agreed to advertising unless said otherwise."""
    first, _, last = name.partition(" ")
    client = factories.make_client(
        session, name=name, first_name=first, last_name=last or None, **values
    )
    if phone:
        factories.make_contact_point(
            session, client=client, channel=ContactChannel.PHONE, value=phone
        )
    else:
        factories.make_contact_point(
            session, client=client, value=address or f"reader{client.id}@example.com"
        )
    if agreed:
        channel = Channel.SMS if phone else Channel.EMAIL
        factories.make_consent_event(session, client=client, channel=channel)
    return client
