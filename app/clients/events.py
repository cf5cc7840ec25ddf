"""What readers of messages answered becomes part of what is known about the client."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clients.choices import REACHED_BY, Channel, ConsentSource, Purpose
from app.clients.models import Client, ConsentCurrent, ContactPoint
from app.clients.operations import withdraw_consent
from app.kit.events import Happened, on
from app.messages.models import DispatchRecipient


@on("message.unsubscribed", name="clients.consents")
def note_unsubscribed(session: Session, happened: Happened) -> None:
    """Withdraw the consent that the message was sent under."""
    purpose = happened.data.get("purpose")
    if purpose in set(Purpose):
        _withdraw(session, happened, ConsentSource.LINK, {Purpose(purpose)})


@on("message.stopped", name="clients.consents")
def note_stopped(session: Session, happened: Happened) -> None:
    """Whoever answers STOP wants nothing more by this channel."""
    _withdraw(session, happened, ConsentSource.REPLY, set(Purpose))


@on("message.address_dead", name="clients.contact_points")
def note_dead_address(session: Session, happened: Happened) -> None:
    """Mark the contact point to which messages came back."""
    client_id, channel = happened.data.get("client_id"), Channel(happened.data["channel"])
    address = session.scalar(
        select(DispatchRecipient.address).where(
            DispatchRecipient.dispatch_id == happened.data["dispatch_id"],
            DispatchRecipient.ord == happened.data["ord"],
        )
    )
    if client_id is None or address is None:
        return
    session.execute(
        update(ContactPoint)
        .where(
            ContactPoint.client_id == client_id,
            ContactPoint.channel == REACHED_BY[channel],
            ContactPoint.normalised == address,
            ContactPoint.valid,
        )
        .values(valid=False, version=ContactPoint.version + 1)
        .execution_options(synchronize_session=False)
    )


def _withdraw(
    session: Session, happened: Happened, source: ConsentSource, purposes: set[Purpose]
) -> None:
    client = _client(session, happened.data)
    if client is None:
        return
    channel, at = Channel(happened.data["channel"]), happened.at
    granted = session.execute(
        select(ConsentCurrent.purpose, ConsentCurrent.at).where(
            ConsentCurrent.client_id == client.id,
            ConsentCurrent.channel == channel,
            ConsentCurrent.purpose.in_(purposes),
            ConsentCurrent.granted,
        )
    )
    for purpose, since in granted.all():
        # Events come in any order: a consent given after the click stands.
        if since <= at:
            proof = {key: happened.data[key] for key in ("dispatch_id", "ord")}
            withdraw_consent(
                session, client, channel, purpose, source=source, by=None, at=at, evidence=proof
            )


def _client(session: Session, data: dict[str, Any]) -> Client | None:
    found = data.get("client_id")
    return session.get(Client, found) if found is not None else None
