"""The system's own nightly work on its tables."""

from __future__ import annotations

import logging
from datetime import time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.kit.jobs.declared import job
from app.kit.jobs.schedules import schedule

log = logging.getLogger(__name__)

_MONTHS_AHEAD = 3


@job()
def make_partitions(session: Session) -> list[str]:
    """Make the monthly partitions of the next three months, as far as missing."""
    made: list[str] = session.execute(
        text("select crm_make_partitions(:ahead)"), {"ahead": _MONTHS_AHEAD}
    ).scalar_one()
    return made


schedule("kit.partitions", "app.kit.jobs.upkeep.make_partitions", every=timedelta(hours=6))
schedule("kit.retention", "app.kit.retention.forget_old", at=time(2, 30))
