"""The table of the audit trail; `install/audit.py` writes to it by trigger, nobody else does."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database.model import Model, OfCompany
from app.kit.database.stamp import Role


class AuditEntry(OfCompany, Model):
    """One change: `before` and `after` hold the changed columns only; an insert has neither."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index(None, "company_id", "table_name", "row_id", "at"),
        # The lines of a record, of which those that are gone are found by nothing else.
        Index(
            "ix_audit_entry_whole_id",
            "company_id",
            "table_name",
            "whole_id",
            "at",
            postgresql_where=text("whole_id is not null"),
        ),
        {
            "postgresql_partition_by": "RANGE (at)",
            "info": {
                "partition": "month",
                "append_only": True,
                "of_records": True,
                "grants": {Role.APP: "select", Role.STORE: "select"},
            },
        },
    )

    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), primary_key=True, server_default=func.now()
    )
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str] = mapped_column(Text, server_default="")
    table_name: Mapped[str] = mapped_column(Text)
    row_id: Mapped[int | None] = mapped_column(BigInteger)
    # Of a line that was changed or removed: its record, by the table's `info["line_of"]`.
    whole_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(Text)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
