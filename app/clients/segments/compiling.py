"""From a definition to one SELECT of client ids. What cannot be read is refused, never left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, true
from sqlalchemy.orm import Session

from app.clients.choices import SegmentKind
from app.clients.models import Client, Segment, SegmentMember
from app.clients.segments.values import read
from app.kit.errors import Invalid
from app.kit.registry import segment_conditions

DEEPEST = 5
MOST_CONDITIONS = 50
COUNT_CAP = 1_000_000


def compile_segment(definition: Mapping[str, Any]) -> Select[int]:
    """Return the SELECT of the ids of clients that match; nothing asked matches everybody.

    Raises Invalid for a condition nobody knows, an operator it does not have or a value it cannot
    read: a filter that fails open would write to the wrong people.
    """
    condition = _node(definition, 0) if definition else true()
    if _count(definition) > MOST_CONDITIONS:
        raise Invalid(_l("At most %(number)s conditions fit.", number=MOST_CONDITIONS))
    return select(Client.id).where(Client.archived_at.is_(None), condition)


def segment_clients(_session: Session, segment: Segment) -> Select[int]:
    """Return the SELECT of the ids of the segment's clients."""
    if segment.kind is SegmentKind.FIXED:
        member = exists().where(
            SegmentMember.segment_id == segment.id, SegmentMember.client_id == Client.id
        )
        return select(Client.id).where(Client.archived_at.is_(None), member)
    return compile_segment(segment.definition)


def validate(definition: Mapping[str, Any]) -> None:
    """Raise Invalid when the definition cannot be compiled."""
    compile_segment(definition)


def count_and_sample(
    session: Session, clients: Select[int], *, sample: int = 10
) -> tuple[int, Sequence[Client]]:
    """Return how many clients there are (up to a million) and the newest few of them."""
    limited = clients.limit(COUNT_CAP).subquery()
    count = session.scalar(select(func.count()).select_from(limited)) or 0
    rows = session.scalars(
        select(Client).where(Client.id.in_(clients)).order_by(Client.id.desc()).limit(sample)
    ).all()
    return count, rows


def _node(node: Any, depth: int) -> ColumnElement[bool]:
    if not isinstance(node, Mapping) or depth > DEEPEST:
        raise Invalid(_l("These conditions cannot be read."))
    for word, combine in (("all", and_), ("any", or_)):
        if word in node:
            parts = node[word]
            if not isinstance(parts, list):
                raise Invalid(_l("These conditions cannot be read."))
            if not parts:
                raise Invalid(_l("A group needs at least one condition."))
            return combine(*(_node(part, depth + 1) for part in parts))
    if "not" in node:
        return not_(func.coalesce(_node(node["not"], depth + 1), False))
    return _condition(node)


def _condition(node: Mapping[str, Any]) -> ColumnElement[bool]:
    known = segment_conditions.get(str(node.get("field", "")))
    if known is None:
        raise Invalid(_l("There is no condition “%(name)s”.", name=str(node.get("field", ""))[:60]))
    operator = str(node.get("op", ""))
    return known.where(Client.id, operator, read(known, operator, node.get("value")))


def _count(node: Any) -> int:
    if isinstance(node, Mapping):
        if "field" in node:
            return 1
        return sum(_count(part) for part in node.values())
    return sum(_count(part) for part in node) if isinstance(node, list) else 0
