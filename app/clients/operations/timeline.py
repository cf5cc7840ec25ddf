"""What happened with a client, in one line of time."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.clients.models import TimelineEntry


def add_to_timeline(
    session: Session,
    client_id: int,
    kind: str,
    *,
    at: datetime,
    ref: tuple[str, int] | None = None,
    store_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write into the client's timeline. `kind` is registered with the kit, `ref` is (kind, id)."""
    ref_kind, ref_id = ref or (None, None)
    session.execute(
        insert(TimelineEntry),
        [
            {
                "client_id": client_id,
                "store_id": store_id,
                "kind": kind,
                "at": at,
                "ref_kind": ref_kind,
                "ref_id": ref_id,
                "data": data or {},
            }
        ],
    )
