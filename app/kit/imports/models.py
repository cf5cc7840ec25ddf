"""What was imported, and what became of it."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, DateTime, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.access import ALL_CLIENTS
from app.kit.choices import Choice, choice
from app.kit.database.model import Business, Model, sort_indexes


class ImportStatus(Choice):
    STAGED = "staged", _l("Read"), "blue"
    RUNNING = "running", _l("Running"), "blue"
    DONE = "done", _l("Done"), "green"
    FAILED = "failed", _l("Failed"), "red"


class ImportRun(Business, Model):
    """One source that was read. The same content is one run, however often it is started."""

    __tablename__ = "import_run"
    __table_args__ = (
        UniqueConstraint("company_id", "kind", "digest"),
        CheckConstraint("pieces_done <= pieces", name="pieces"),
        *sort_indexes("created_at"),
        {"info": {"label": _l("Import")}},
    )

    kind: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    source: Mapped[str] = mapped_column(Text, info={"label": _l("Source")})
    digest: Mapped[str] = mapped_column(Text, info={"label": _l("Digest of the content")})
    status: Mapped[ImportStatus] = choice(
        ImportStatus,
        default=ImportStatus.STAGED,
        server_default=ImportStatus.STAGED.value,
        info={"label": _l("Status")},
    )
    rows: Mapped[int] = mapped_column(server_default=text("0"), info={"label": _l("Rows")})
    pieces: Mapped[int] = mapped_column(server_default=text("0"), info={"label": _l("Pieces")})
    pieces_done: Mapped[int] = mapped_column(
        server_default=text("0"), info={"label": _l("Pieces done")}
    )
    report: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        info={"label": _l("Report"), "format": "json", "guard": ALL_CLIENTS},
    )
    finished_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Finished")}
    )

    def __str__(self) -> str:
        return f"{self.kind}: {self.source}"
