"""What comes back: reports of providers, and addresses that must not be written to."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    DateTime,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.choices import choice
from app.kit.database.model import Ledger, Model, OfCompany, Told, sort_indexes
from app.kit.retention import keep, keep_months
from app.messages.choices import EventKind, MessageChannel, SuppressionReason


class Suppression(Told, Ledger, Model):
    """An address that gets nothing by a channel. A hash, so that it outlives the client's data."""

    __tablename__ = "suppression"
    __table_args__ = (
        UniqueConstraint("company_id", "channel", "address_hash"),
        *sort_indexes("created_at", "reason", "changed_at"),
        {
            "info": {
                "label": _l("Suppressed address"),
                "grants": {
                    "crm_app": "select, insert, update (expires_at), delete",
                    "crm_store": "select, insert",
                },
            }
        },
    )

    channel: Mapped[MessageChannel] = choice(MessageChannel, info={"label": _l("Channel")})
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[SuppressionReason] = choice(SuppressionReason, info={"label": _l("Reason")})
    source: Mapped[str] = mapped_column(
        Text, server_default=text("''"), info={"label": _l("Source")}
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Until")}
    )


class MessageEvent(OfCompany, Model):
    """Something heard of a message after it left. Append-only, one partition a month."""

    __tablename__ = "message_event"
    __table_args__ = (
        Index(None, "company_id", "dispatch_id", "ord"),
        {
            "postgresql_partition_by": "RANGE (at)",
            "info": {
                "label": _l("Message event"),
                "partition": "month",
                "append_only": True,
                "audit": False,
            },
        },
    )

    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), primary_key=True, server_default=func.now()
    )
    dispatch_id: Mapped[int] = mapped_column(BigInteger)
    ord: Mapped[int] = mapped_column()
    kind: Mapped[EventKind] = choice(EventKind, info={"label": _l("What happened")})
    # An image loaded by a mail program or a link followed by a scanner is no reader.
    machine: Mapped[bool] = mapped_column(server_default=text("false"))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class WebhookInbox(OfCompany, Model):
    """A report as it came, kept once by its key and applied from here in any order."""

    __tablename__ = "webhook_inbox"
    __table_args__ = (
        UniqueConstraint("company_id", "provider", "event_key"),
        Index(
            "ix_webhook_inbox_waiting", "company_id", "id",
            postgresql_where=text("processed_at is null"),
        ),
        {"info": {"label": _l("Report"), "audit": False, "queue": ("processed_at", "error")}},
    )  # fmt: skip

    provider: Mapped[str] = mapped_column(Text)
    event_key: Mapped[str] = mapped_column(Text)
    raw: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    processed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)


keep_months("message_event", months=24)
keep("webhook_inbox", "processed_at", days=90)
