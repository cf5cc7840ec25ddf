"""The lines of a document while it is being saved."""

from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

L = TypeVar("L")


def current_lines(session: Session, document: Any, kind: type[L]) -> list[L]:
    """Return the lines of a document as they will be written.

    Kept, changed and new ones, without the deleted. The table of `kind` says in `info["line_of"]`
    which column leads to the document, and numbers the lines in `position`.
    """
    if not document.id:
        return list(document.__dict__.get("lines") or ())
    table: Any = inspect(kind).local_table
    key = table.info["line_of"]
    saved = session.scalars(
        select(kind).where(table.c[key] == document.id).order_by(table.c.position)
    )
    new = [one for one in session.new if isinstance(one, kind) and getattr(one, key) == document.id]
    return [one for one in saved if one not in session.deleted] + new
