"""Two records become one, or a person is forgotten: every domain does its part."""

from sqlalchemy.orm import Session

from app.kit.database.install.immutability import moving
from app.kit.registry import erase_handlers, merge_handlers


def merge(session: Session, kind: str, from_id: int, into_id: int) -> None:
    """Let every domain move what hangs on `from_id` to `into_id`, in the caller's transaction."""
    with moving(session, f"{kind}_id", from_id, into_id):
        for handler in merge_handlers:
            if handler.kind == kind:
                handler.merge(session, from_id, into_id)


def erase(session: Session, kind: str, record_id: int) -> None:
    """Let every domain remove what it holds about a person, in the caller's transaction."""
    for handler in erase_handlers:
        if handler.kind == kind:
            handler.erase(session, record_id)
