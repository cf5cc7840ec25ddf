"""The screens' own tables: saved views, bulk runs, the log of exports, and forms that were sent."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.choices import Choice, choice
from app.kit.database.install.rules import own_rows
from app.kit.database.model import Created, Ledger, Model, OfCompany
from app.kit.database.stamp import Role


class SavedView(OfCompany, Created, Model):
    """A list's address under a name.

    Its owner's, or shared with everybody who may read the list.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("company_id", "user_id", "screen", "name"),
        Index(None, "company_id", "screen"),
    )

    user_id: Mapped[int] = mapped_column(BigInteger)
    screen: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name")})
    query: Mapped[str] = mapped_column(Text, server_default="")
    shared: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class RunStatus(Choice):
    """Where a bulk run stands."""

    QUEUED = "queued", _l("Waiting"), "grey"
    RUNNING = "running", _l("Running"), "blue"
    DONE = "done", _l("Done"), "green"


class BulkRun(OfCompany, Created, Model):
    """One operation on many records, piece by piece.

    Every record is counted once under what became of it.
    """

    __tablename__ = "bulk_run"
    __table_args__ = (
        Index(None, "company_id", "user_id", "id"),
        {"info": {"policy": {Role.STORE: own_rows("user_id")}}},
    )

    user_id: Mapped[int] = mapped_column(BigInteger)
    screen: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    query: Mapped[str | None] = mapped_column(Text)
    """The list's address when all that match are meant, else NULL."""
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    """The ticked records; of a query, what is left to do."""
    store_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    status: Mapped[RunStatus] = choice(RunStatus, default=RunStatus.QUEUED)
    total: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    skipped: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    reasons: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """Sentence → how many records."""
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExportLog(Ledger, Model):
    """Who took which rows out of the system, and when."""

    __tablename__ = "export_log"
    __table_args__ = (
        Index(None, "company_id", "created_at"),
        {"info": {"append_only": True, "policy": {Role.STORE: own_rows("created_by")}}},
    )

    screen: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    columns: Mapped[str] = mapped_column(Text)


class FormSent(Ledger, Model):
    """A form that was saved, by the token it carried: sent twice, it makes one record."""

    __tablename__ = "form_sent"
    __table_args__ = (
        UniqueConstraint("company_id", "token"),
        {"info": {"append_only": True}},
    )

    token: Mapped[str] = mapped_column(Text)
    screen: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int] = mapped_column(BigInteger)
