"""What people may do to a delivery: try a dead one again."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.kit.errors import Conflict
from app.kit.events.emitting import EVENTS_QUEUE
from app.kit.events.models import EventDelivery, EventDeliveryState
from app.kit.jobs.queues import wake_after_commit


def deliver_again(
    session: Session,
    delivery: EventDelivery,
    /,
    *,
    by: int | None = None,
    at: datetime | None = None,
) -> None:
    """Give a dead delivery all its attempts again. Raises Conflict."""
    changed = session.scalar(
        update(EventDelivery)
        .where(EventDelivery.id == delivery.id, EventDelivery.state == EventDeliveryState.DEAD)
        .values(state=EventDeliveryState.WAITING, attempts=0, not_before=at or func.now())
        .returning(EventDelivery.id)
    )
    if changed is None:
        raise Conflict(_l("Only a delivery that failed can be tried again."))
    session.refresh(delivery)
    wake_after_commit(session, EVENTS_QUEUE)
