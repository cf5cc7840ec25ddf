"""Sendings: the order to send, its recipients, and the batches that workers claim."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.access import ALL_CLIENTS
from app.kit.choices import choice
from app.kit.database.model import (
    COMPANY_DEFAULT,
    Business,
    Model,
    OfCompany,
    link,
    sort_indexes,
)
from app.kit.database.sql_functions import SqlFunction, register
from app.kit.database.stamp import Role
from app.kit.retention import keep, keep_months
from app.messages.choices import (
    BatchState,
    DispatchKind,
    DispatchStatus,
    MessageChannel,
    MessagePurpose,
    PauseReason,
    RecipientState,
    SkipReason,
    UncertainPolicy,
)
from app.messages.models.templates import MessageTemplateVersion

# What crm_system may see of a sending to decide which batch is next: no text, no person.
_SEEN_BY_QUEUE = "select (id, company_id, channel, status, priority, send_at)"
# What crm_system may write when it claims and frees a batch.
_CLAIMED = ("state", "epoch", "worker", "lease_until", "not_before")


class Dispatch(Business, Model):
    """One order to send: a wording, to whom, by which channel. Its recipients are fixed rows."""

    __tablename__ = "dispatch"
    __table_args__ = (
        CheckConstraint("audience >= 0 and last_ord >= 0", name="counts"),
        CheckConstraint("rate_cap is null or rate_cap > 0", name="rate_cap"),
        CheckConstraint("(status = 'paused') = (status_reason is not null)", name="reason"),
        *sort_indexes("created_at", "send_at", "status", "changed_at"),
        Index(None, "company_id", "owner_kind", "owner_id"),
        Index(
            "ix_dispatch_due", "status", "send_at", postgresql_where=text("status = 'scheduled'")
        ),
        # One standing sending a wording and channel takes the single messages.
        Index(
            "uq_dispatch_standing",
            "company_id",
            "message_template_version_id",
            "purpose",
            unique=True,
            postgresql_where=text("kind = 'transactional'"),
        ),
        {
            "info": {
                "label": _l("Sending"),
                "grants": {Role.SYSTEM: _SEEN_BY_QUEUE},
            }
        },
    )

    kind: Mapped[DispatchKind] = choice(DispatchKind, info={"label": _l("Kind")})
    channel: Mapped[MessageChannel] = choice(MessageChannel, info={"label": _l("Channel")})
    purpose: Mapped[MessagePurpose] = choice(MessagePurpose, info={"label": _l("Purpose")})
    message_template_version_id: Mapped[int] = link(
        "message_template_version", info={"label": _l("Wording")}
    )
    message_template_version: Mapped[MessageTemplateVersion] = relationship(
        foreign_keys=message_template_version_id
    )
    status: Mapped[DispatchStatus] = choice(
        DispatchStatus,
        default=DispatchStatus.SCHEDULED,
        server_default=DispatchStatus.SCHEDULED.value,
        info={"label": _l("Status")},
    )
    status_reason: Mapped[PauseReason | None] = choice(
        PauseReason, nullable=True, info={"label": _l("Reason")}
    )
    status_text: Mapped[str] = mapped_column(
        Text, server_default=text("''"), info={"label": _l("In the provider's words")}
    )
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("5"))
    send_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Send at")}
    )
    started_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Started")}
    )
    finished_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Finished")}
    )
    uncertain_policy: Mapped[UncertainPolicy] = choice(
        UncertainPolicy,
        default=UncertainPolicy.HOLD,
        server_default=UncertainPolicy.HOLD.value,
        info={"label": _l("When unknown whether it left")},
    )
    rate_cap: Mapped[int | None] = mapped_column(
        Integer, info={"label": _l("At most per second"), "help": _l("Empty: as fast as it goes.")}
    )
    audience: Mapped[int] = mapped_column(
        Integer,
        default=0,
        server_default=text("0"),
        info={"label": _l("Audience"), "guard": ALL_CLIENTS},
    )
    last_ord: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    # The same for all recipients: links, the shop's name.
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    # Who is told; it stands further down, so no key.
    owner_kind: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)

    def __str__(self) -> str:
        return f"{self.id}"


class DispatchRecipient(Model):
    """One client in one sending, written once when the audience is fixed and once with its outcome.

    No index holds `state`, so that the outcome is a HOT update; `next_at` is set while deferred.
    """

    __tablename__ = "dispatch_recipient"
    __mapper_args__ = {"primary_key": ["dispatch_id", "ord"]}
    __table_args__ = (
        Index(
            None, "company_id", "dispatch_id", "client_id", "occurrence", unique=True,
            postgresql_where=text("client_id is not null"),
        ),
        Index(None, "company_id", "client_id", "dispatch_id"),
        Index(
            "ix_dispatch_recipient_next", "company_id", "dispatch_id", "next_at",
            postgresql_where=text("next_at is not null"),
        ),
        {
            "postgresql_partition_by": "RANGE (dispatch_id)",
            "info": {"label": _l("Recipient"), "partition": "dispatch", "audit": False},
        },
    )  # fmt: skip

    company_id: Mapped[int] = mapped_column(
        BigInteger, server_default=COMPANY_DEFAULT, primary_key=True
    )
    dispatch_id: Mapped[int] = link("dispatch", primary_key=True, index=False)
    ord: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Clients stand further down, so no key.
    client_id: Mapped[int | None] = mapped_column(
        BigInteger, info={"label": _l("Client"), "names": "client"}
    )
    # What makes a second message to the same client of a standing sending another one.
    occurrence: Mapped[str] = mapped_column(Text, server_default=text("''"))
    address: Mapped[str | None] = mapped_column(Text, info={"label": _l("Address")})
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    variant: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    state: Mapped[RecipientState] = choice(
        RecipientState,
        server_default=RecipientState.PENDING.value,
        info={"label": _l("State")},
    )
    skip_reason: Mapped[SkipReason | None] = choice(
        SkipReason, nullable=True, info={"label": _l("Why left out")}
    )
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    provider_id: Mapped[str | None] = mapped_column(Text)
    rank: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    code: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Code")})
    segments: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    done_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Time")}
    )
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    clicked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    unsubscribed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DispatchBatch(Model):
    """A run of recipients, the unit that a worker claims.

    Sends may have begun up to `cursor`, never beyond. `epoch` fences: a worker that was taken over
    changes nothing any more. `journal_host` names the one host whose journals are complete.
    """

    __tablename__ = "dispatch_batch"
    __mapper_args__ = {"primary_key": ["dispatch_id", "no"]}
    __table_args__ = (
        CheckConstraint("lo <= hi and cursor >= lo - 1 and cursor <= hi", name="range"),
        Index(
            "ix_dispatch_batch_open", "not_before",
            postgresql_where=text("state in ('ready', 'leased')"),
        ),
        Index(
            "ix_dispatch_batch_dispatch_open", "company_id", "dispatch_id",
            postgresql_where=text("state in ('ready', 'leased')"),
        ),
        {
            # A batch is updated at every flush: room on the page keeps that in place.
            "postgresql_with": {"fillfactor": 50},
            "info": {"label": _l("Batch"), "audit": False, "queue": _CLAIMED},
        },
    )  # fmt: skip

    company_id: Mapped[int] = mapped_column(
        BigInteger, server_default=COMPANY_DEFAULT, primary_key=True
    )
    dispatch_id: Mapped[int] = link("dispatch", primary_key=True, index=False)
    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    lo: Mapped[int] = mapped_column(Integer)
    hi: Mapped[int] = mapped_column(Integer)
    cursor: Mapped[int] = mapped_column(Integer)
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[BatchState] = choice(BatchState, server_default=BatchState.READY.value)
    epoch: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    journal_host: Mapped[str | None] = mapped_column(Text)
    accepted: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    deferred: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    skipped: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    uncertain: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class SendAttempt(OfCompany, Model):
    """An attempt that was not simply accepted: that one is told whole by its recipient's row."""

    __tablename__ = "send_attempt"
    __table_args__ = (
        Index(None, "company_id", "dispatch_id", "ord"),
        {
            "postgresql_partition_by": "RANGE (at)",
            "info": {
                "label": _l("Attempt"),
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
    ord: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text, server_default=text("''"))
    code: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    text_: Mapped[str] = mapped_column("text", Text, server_default=text("''"))
    worker: Mapped[str] = mapped_column(Text, server_default=text("''"))


class OutboxMessage(OfCompany, Model):
    """A message as it would have been sent, where no provider is configured. It was not sent."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(None, "company_id", "created_at", "id"),
        Index(None, "company_id", "dispatch_id", "ord"),
        {"info": {"label": _l("Message in the outbox"), "append_only": True, "audit": False}},
    )

    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Time")}
    )
    dispatch_id: Mapped[int] = link("dispatch", index=False, info={"label": _l("Sending")})
    dispatch: Mapped[Dispatch] = relationship(foreign_keys=dispatch_id)
    ord: Mapped[int] = mapped_column(Integer)
    client_id: Mapped[int | None] = mapped_column(
        BigInteger, info={"label": _l("Client"), "names": "client"}
    )
    channel: Mapped[MessageChannel] = choice(MessageChannel, info={"label": _l("Channel")})
    address: Mapped[str] = mapped_column(Text, info={"label": _l("To"), "guard": "contacts"})
    subject: Mapped[str] = mapped_column(
        Text, server_default=text("''"), info={"label": _l("Subject")}
    )
    body: Mapped[str] = mapped_column(Text, info={"label": _l("Text"), "format": "long"})
    html: Mapped[str] = mapped_column(
        Text,
        server_default=text("''"),
        info={"label": _l("Source of the layout"), "format": "long"},
    )


# A thousand sendings share a partition: retention detaches whole ones, unique keys stay legal, and
# nothing has to be moved out of the default one.
PARTITIONS = register(
    SqlFunction(
        "crm_recipient_partitions()",
        """create or replace function crm_recipient_partitions() returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  first bigint;
  made integer := 0;
begin
  select coalesce(pg_sequence_last_value(pg_get_serial_sequence('dispatch', 'id')), 0) / 1000
    into first;
  for n in first .. first + 2 loop
    continue when to_regclass('public.dispatch_recipient_' || n) is not null;
    execute format(
      'create table public.dispatch_recipient_%s partition of public.dispatch_recipient'
      ' for values from (%s) to (%s) with (fillfactor = 80)', n, n * 1000, (n + 1) * 1000);
    execute format('alter table public.dispatch_recipient_%s enable row level security', n);
    made := made + 1;
  end loop;
  return made;
end $$;
select crm_recipient_partitions()""",
        callers=(Role.SYSTEM,),
        definer=True,
    )
)

keep_months("send_attempt", months=12)
keep("outbox_message", "created_at", days=90)
