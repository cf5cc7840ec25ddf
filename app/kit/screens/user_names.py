"""Names of the people who changed things."""

from collections.abc import Collection

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

_USERS = table("ab_user", column("id"), column("first_name"), column("last_name"))


def names(session: Session, ids: Collection[int | None]) -> dict[int | None, str]:
    """Return the names of those users whom the reader may know of; one query, none for nobody."""
    wanted = [pk for pk in ids if pk is not None]
    if not wanted:
        return {}
    rows = session.execute(
        select(_USERS.c.id, _USERS.c.first_name, _USERS.c.last_name).where(_USERS.c.id.in_(wanted))
    )
    return {pk: f"{first or ''} {last or ''}".strip() for pk, first, last in rows}
