"""How many rows a list has, never counting beyond the cap.

Counting to the cap takes as long as the rest of the page. A whole table that had more than that
many rows a moment ago has them now, or says so a minute late; whatever is narrowed is counted.
"""

import time

from sqlalchemy.orm import Session

from app.kit.database.stamp import Role, current_stamp
from app.kit.screens.address import Address
from app.kit.screens.declaration import Declaration
from app.kit.screens.selection import COUNT_CAP, Selection

KEPT = 60.0
"""Seconds for which a whole table stays "more than 10,000"."""
MOST_KEPT = 10_000

_full: dict[tuple[object, ...], float] = {}


def count_of(screen: Declaration, session: Session, address: Address, selection: Selection) -> int:
    """Return how many rows match, at most one more than the cap."""
    stamp = session.info.get("stamp") or current_stamp()
    narrowed = any(address.filters()) or address.words or address.scopes() or screen.always()
    if narrowed or stamp is None:
        return selection.count(session)
    who = stamp.user_id if stamp.role is Role.OWN_CLIENTS else None
    rows_seen = (stamp.role, stamp.company_id, stamp.store_ids, who)
    key = (session.get_bind().engine.url.database, *rows_seen, screen.route_base)
    if _full.get(key, 0.0) > time.monotonic():
        return COUNT_CAP + 1
    count = selection.count(session)
    if count > COUNT_CAP:
        if len(_full) >= MOST_KEPT:
            _full.clear()
        _full[key] = time.monotonic() + KEPT
    return count
