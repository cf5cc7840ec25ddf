"""Events and their deliveries, one for each subscriber there was when the event was emitted."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, DateTime, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kit.choices import Choice, choice
from app.kit.database.install.rules import COMPANY_IS
from app.kit.database.model import USER_DEFAULT, Model, OfCompany, link
from app.kit.database.stamp import Role
from app.kit.events.display import shown
from app.kit.jobs.display import reason
from app.kit.jobs.models import BOUND, REQUEST_DEFAULT, STORES_DEFAULT


class EventDeliveryState(Choice):
    """A delivery waits until it is done, or is dead after too many attempts."""

    WAITING = "waiting", _l("Waiting"), "blue"
    DONE = "done", _l("Done"), "green"
    DEAD = "dead", _l("Failed"), "red"


class Event(OfCompany, Model):
    """Something that happened, in plain data that is enough for its subscribers."""

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "company_id", "name", "id"),
        Index("ix_event_at", "at"),
        {
            "info": {
                "audit": False,
                "append_only": True,
                "store_bound": False,
                "title": "name",
                "names_in": "data",
                "grants": {
                    Role.APP: "select, insert",
                    Role.STORE: "select, insert",
                    Role.SYSTEM: "select",
                },
                "policy": {Role.APP: COMPANY_IS, Role.STORE: BOUND},
            }
        },
    )

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Event")})
    data: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=text("'{}'"),
        info={"label": _l("Details"), "format": "json", "told": shown},
    )
    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("When")}
    )
    created_by: Mapped[int | None] = mapped_column(
        BigInteger, server_default=USER_DEFAULT, info={"label": _l("By")}
    )
    request_id: Mapped[str] = mapped_column(Text, server_default=REQUEST_DEFAULT)
    store_ids: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger), server_default=STORES_DEFAULT
    )

    def __repr__(self) -> str:
        return f"{self.name} {self.id}"


class EventDelivery(OfCompany, Model):
    """What one subscriber is owed; done in the same transaction as the subscriber's effect."""

    __tablename__ = "event_delivery"
    __table_args__ = (
        Index(
            "ix_event_delivery_waiting",
            "not_before",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_event_delivery_dead", "id", postgresql_where=text("state = 'dead'")),
        Index("ix_event_delivery_state", "company_id", "state", "id"),
        Index("ix_event_delivery_done", "done_at", postgresql_where=text("done_at is not null")),
        {
            "postgresql_with": {"fillfactor": 70},
            "info": {
                "queue": ("state", "attempts", "not_before", "error"),
                "audit": False,
                "store_bound": False,
                "title": "subscriber",
                "grants": {
                    Role.APP: "select, insert, update",
                    Role.STORE: "select, insert, update",
                },
                "policy": {Role.APP: COMPANY_IS, Role.STORE: BOUND},
            },
        },
    )

    event_id: Mapped[int] = link("event", ondelete="CASCADE", info={"label": _l("Event")})
    event: Mapped[Event] = relationship(foreign_keys=event_id)
    subscriber: Mapped[str] = mapped_column(Text, info={"label": _l("Subscriber")})
    state: Mapped[EventDeliveryState] = choice(
        EventDeliveryState,
        default=EventDeliveryState.WAITING,
        server_default=EventDeliveryState.WAITING.value,
        info={"label": _l("State")},
    )
    attempts: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), info={"label": _l("Attempts")}
    )
    not_before: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info={"label": _l("Not before")}
    )
    error: Mapped[str | None] = mapped_column(
        Text, info={"label": _l("Error"), "format": "long", "told": reason}
    )
    done_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), info={"label": _l("Finished")}
    )
    store_ids: Mapped[list[int] | None] = mapped_column(
        ARRAY(BigInteger), server_default=STORES_DEFAULT
    )

    def __repr__(self) -> str:
        return f"{self.subscriber} {self.id}"
