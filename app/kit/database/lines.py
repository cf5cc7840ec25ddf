"""The lines of a document while it is being saved, and which of them was refused.

What is refused of a line is told as `lines.2.quantity`: the third line, its quantity. Forms and API
say with `put_at` which line an object was made of. The database names a constraint and no row, so
lines are written one by one (`one_by_one`), and the last one begun is the one it refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar
from weakref import ref

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

L = TypeVar("L")

_lock = Lock()
_held: dict[Any, int] = {}
"""By mapper: how many are writing its objects one by one just now."""
_begun: ContextVar[ref[Any] | None] = ContextVar("the line being written", default=None)


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


def number_lines(lines: Sequence[Any]) -> None:
    """Give each line without a `position` the next one after the last that is taken."""
    last = max((line.position or 0 for line in lines), default=0)
    for line in lines:
        if not line.position:
            last += 1
            line.position = last


@contextmanager
def one_by_one(kinds: Iterable[type[Any]]) -> Iterator[None]:
    """Write objects of these classes each by its own statement inside the block.

    For the whole process, as the mapper has it: others are a little slower for the moment.
    """
    mappers: list[Any] = [inspect(kind) for kind in kinds]
    for mapper in mappers:
        _hold(mapper, 1)
    try:
        yield
        _begun.set(None)
    finally:
        for mapper in mappers:
            _hold(mapper, -1)


def _hold(mapper: Any, more: int) -> None:
    with _lock:
        if mapper not in _held:
            event.listen(mapper, "before_insert", _note)
            event.listen(mapper, "before_update", _note)
        _held[mapper] = _held.get(mapper, 0) + more
        mapper.batch = not _held[mapper]


def _note(mapper: Any, _connection: object, obj: object) -> None:
    # Of a batch nobody knows which one is being written.
    _begun.set(None if mapper.batch else ref(obj))


def refused_line(table: str) -> Any:
    """Return the line that the database has refused last, if it is one of that table."""
    begun = _begun.get()
    obj = begun() if begun is not None else None
    same = obj is not None and inspect(type(obj)).local_table.name == table
    return obj if same else None


def put_at(obj: object, place: str) -> None:
    """Say where an object comes from: "lines.2"."""
    state: Any = inspect(obj)
    state.info["place"] = place


def place_of(obj: object) -> str:
    """Return where a line comes from, else where its record lists it; empty for what is none."""
    state: Any = inspect(obj, raiseerr=False)
    if state is None:
        return ""
    if "place" in state.info:
        return str(state.info["place"])
    for relation in state.mapper.relationships:
        whole = None if relation.uselist else state.dict.get(relation.key)
        if whole is not None and (found := _listed(obj, whole)):
            return found
    return ""


def _listed(obj: object, whole: object) -> str:
    """Return the place of an object in a loaded list of the record it hangs on."""
    state: Any = inspect(whole)
    for relation in state.mapper.relationships:
        lines = state.dict.get(relation.key) if relation.uselist else None
        if lines is not None and any(one is obj for one in lines):
            return f"{relation.key}.{[one is obj for one in lines].index(True)}"
    return ""
