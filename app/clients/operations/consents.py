"""What clients allowed and withdrew, in words that were shown to them."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.clients.choices import Channel, ConsentAction, ConsentSource, Purpose
from app.clients.models import Client, ConsentEvent
from app.clients.operations.timeline import add_to_timeline
from app.kit.events import emit


def record_consent(  # noqa: PLR0913 -- one row of a ledger has as many facts
    session: Session,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    *,
    wording: str,
    source: ConsentSource,
    by: int | None,
    at: datetime,
    evidence: dict[str, Any] | None = None,
) -> ConsentEvent:
    """Note that the client allowed to be written to, and to which words."""
    return _consent(
        session, ConsentAction.GRANT, client, channel, purpose, wording, source, at, evidence
    )


def withdraw_consent(  # noqa: PLR0913 -- one row of a ledger has as many facts
    session: Session,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    *,
    source: ConsentSource,
    by: int | None,
    at: datetime,
    wording: str = "",
    evidence: dict[str, Any] | None = None,
) -> ConsentEvent:
    """Note that the client no longer wants it; it counts from this transaction on."""
    words = wording or f"{channel.value} {purpose.value} withdrawn"
    return _consent(
        session, ConsentAction.WITHDRAW, client, channel, purpose, words, source, at, evidence
    )


def _consent(  # noqa: PLR0913, PLR0917 -- one row of a ledger has as many facts
    session: Session,
    action: ConsentAction,
    client: Client,
    channel: Channel,
    purpose: Purpose,
    wording: str,
    source: ConsentSource,
    at: datetime,
    evidence: dict[str, Any] | None,
) -> ConsentEvent:
    entry = ConsentEvent(
        client_id=client.id,
        channel=channel,
        purpose=purpose,
        action=action,
        wording=wording,
        source=source,
        evidence=evidence or {},
        at=at,
    )
    session.add(entry)
    session.flush()
    facts = {"channel": channel.value, "purpose": purpose.value, "source": source.value}
    add_to_timeline(session, client.id, f"consent.{action.value}", at=at, data=facts)
    emit(
        session,
        "consent.granted" if action is ConsentAction.GRANT else "consent.withdrawn",
        client_id=client.id,
        channel=channel.value,
        purpose=purpose.value,
    )
    return entry
