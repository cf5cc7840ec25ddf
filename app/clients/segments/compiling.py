"""From a definition to one SELECT of client ids. What cannot be read is refused, never left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

from flask_babel import lazy_gettext as _l
from psycopg2.errors import QueryCanceled
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, text, true
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.clients.choices import SegmentKind
from app.clients.models import Client, Segment, SegmentMember
from app.clients.segments.values import read
from app.kit.errors import Conflict, Invalid
from app.kit.registry import segment_conditions

DEEPEST = 5
MOST_CONDITIONS = 50
COUNT_CAP = 1_000_000
SECONDS = 10
UNREADABLE = _l("These conditions cannot be read.")
_CONDITION = {"field", "op", "value"}
_COMBINED: dict[str, Callable[..., ColumnElement[bool]]] = {"all": and_, "any": or_}


def compile_segment(definition: Mapping[str, Any]) -> Select[int]:
    """Return the SELECT of the ids of clients that match; nothing asked matches everybody.

    Raises Invalid for a condition nobody knows, an operator it does not have or a value it cannot
    read: a filter that fails open would write to the wrong people.
    """
    if len(list(islice(_conditions(definition), MOST_CONDITIONS + 1))) > MOST_CONDITIONS:
        raise Invalid(_l("At most %(number)s conditions fit.", number=MOST_CONDITIONS))
    condition = _node(definition, 0, count(1)) if definition else true()
    return select(Client.id).where(Client.archived_at.is_(None), condition)


def segment_clients(_session: Session, segment: Segment) -> Select[int]:
    """Return the SELECT of the ids of the segment's clients."""
    if segment.kind is SegmentKind.FIXED:
        member = exists().where(
            SegmentMember.segment_id == segment.id, SegmentMember.client_id == Client.id
        )
        return select(Client.id).where(Client.archived_at.is_(None), member)
    return compile_segment(segment.definition)


def count_and_sample(
    session: Session, clients: Select[int], *, sample: int = 10
) -> tuple[int, Sequence[Client]]:
    """Return how many clients there are (up to a million) and the newest few, in one statement.

    Raises TooSlow after some seconds: a page waits for the answer.
    """
    # Named twice, the matching ones are found once.
    matching = clients.limit(COUNT_CAP).cte("matching")
    number = select(func.count()).select_from(matching).scalar_subquery()
    newest = select(matching.c.id).order_by(matching.c.id.desc()).limit(sample)
    wanted = select(Client, number).where(Client.id.in_(newest)).order_by(Client.id.desc())
    with _no_longer_than(session, SECONDS):
        rows = session.execute(wanted).all()
    return (rows[0][1] if rows else 0), [row[0] for row in rows]


class TooSlow(Conflict):
    """Too many rows to look through while somebody waits."""

    default_message = _l("These conditions take too long to count. Ask for less at once.")


@contextmanager
def _no_longer_than(session: Session, seconds: int) -> Iterator[None]:
    """Let the database give up a statement after so many seconds. Raises TooSlow."""
    limit = text("select set_config('statement_timeout', :limit, true)")
    before = session.scalar(text("show statement_timeout"))
    session.execute(limit, {"limit": f"{seconds}s"})
    try:
        # A savepoint, so that whoever words the refusal can still use the transaction.
        with session.begin_nested():
            yield
    except OperationalError as error:
        if isinstance(error.orig, QueryCanceled):
            raise TooSlow from error
        raise
    finally:
        session.execute(limit, {"limit": before})


def _node(node: Any, depth: int, places: Iterator[int]) -> ColumnElement[bool]:
    if not isinstance(node, Mapping) or depth > DEEPEST:
        raise Invalid(UNREADABLE)
    # A second word beside the first would be left out, and the wrong people written to.
    if set(node) - _CONDITION:
        if len(node) != 1:
            raise Invalid(UNREADABLE)
        [(word, inside)] = node.items()
        return _group(str(word), inside, depth, places)
    return _placed(node, next(places))


def _group(word: str, inside: Any, depth: int, places: Iterator[int]) -> ColumnElement[bool]:
    if word == "not":
        return not_(func.coalesce(_node(inside, depth + 1, places), False))
    if word not in _COMBINED or not isinstance(inside, list):
        raise Invalid(UNREADABLE)
    if not inside:
        raise Invalid(_l("A group needs at least one condition."))
    return _COMBINED[word](*(_node(part, depth + 1, places) for part in inside))


def _placed(node: Mapping[str, Any], place: int) -> ColumnElement[bool]:
    """Return a condition. Raises Invalid that says which one it is, counted from the top."""
    try:
        return _condition(node)
    except Invalid as error:
        words = _l("Condition %(number)s: %(what)s", number=place, what=error.message)
        raise Invalid(words, field=error.field) from error


def _condition(node: Mapping[str, Any]) -> ColumnElement[bool]:
    known = segment_conditions.get(str(node.get("field", "")))
    if known is None:
        raise Invalid(_l("There is no condition “%(name)s”.", name=str(node.get("field", ""))[:60]))
    operator = str(node.get("op", ""))
    return known.where(Client.id, operator, read(known, operator, node.get("value")))


def _conditions(definition: Any) -> Iterator[Any]:
    """Give the conditions and the empty groups one by one, before anything is made of them."""
    waiting = [definition]
    while waiting:
        node = waiting.pop()
        inside = list(node.values()) if isinstance(node, Mapping) else node
        if isinstance(inside, list) and inside and "field" not in node:
            waiting += inside
        else:
            yield node
