"""Segments: saved filters over clients, and lists that were picked or imported."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clients.choices import SegmentKind
from app.clients.models.tables import Client
from app.kit.choices import choice
from app.kit.database.install.search import Look
from app.kit.database.model import (
    Business,
    Ledger,
    Model,
    fold_of,
    link,
    note_column,
    sort_indexes,
    trigram_index,
)


class Segment(Business, Model):
    """Who belongs together: a condition that is asked anew each time, or a fixed list."""

    __tablename__ = "segment"
    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("jsonb_typeof(definition) = 'object'", name="definition"),
        *sort_indexes("name_fold", "kind", "created_at", "changed_at"),
        trigram_index("name_fold"),
        {"info": {"label": _l("Segment"), "search": (Look("segment", "id", "name_fold"),)}},
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name"), "sort_by": "name_fold"})
    name_fold: Mapped[str] = fold_of("name")
    kind: Mapped[SegmentKind] = choice(
        SegmentKind,
        default=SegmentKind.SAVED,
        server_default=SegmentKind.SAVED.value,
        info={"label": _l("Kind")},
    )
    definition: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default=dict,
        server_default=text("'{}'"),
        info={"label": _l("Conditions"), "format": "json"},
    )
    note: Mapped[str | None] = note_column()

    def __str__(self) -> str:
        return self.name


class SegmentMember(Ledger, Model):
    """A client of a fixed segment."""

    __tablename__ = "segment_member"
    __table_args__ = (
        UniqueConstraint("company_id", "segment_id", "client_id"),
        {
            "info": {
                "label": _l("Member"),
                "grants": {
                    "crm_app": "select, insert, delete",
                    "crm_store": "select, insert, delete",
                },
            }
        },
    )

    segment_id: Mapped[int] = link(
        "segment", ondelete="CASCADE", index=False, info={"label": _l("Segment")}
    )
    segment: Mapped[Segment] = relationship(foreign_keys=segment_id)
    client_id: Mapped[int] = link("client", info={"label": _l("Client")})
    client: Mapped[Client] = relationship(foreign_keys=client_id)
