"""Keyset paging: the next page begins after the last row, however deep, within an index.

The place is (value of the sort column, id); empty values come last in both directions. The address
carries it unsigned: it says nothing that the list does not show, and junk in it means the first
page.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, literal, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from app.kit.column_validation import UNKEPT
from app.kit.screens.plan import ListPlan

PAGE_SIZES = (25, 50, 100)
PAGE_SIZE = 50
BIGGEST_ID = 2**63 - 1
FORWARD, BACKWARD = True, False


@dataclass(frozen=True, slots=True)
class Sorting:
    """What a list is sorted by; `tie` makes it a total order."""

    column: ColumnElement[Any]
    tie: ColumnElement[Any]
    desc: bool = False
    nullable: bool = False

    @property
    def is_tie(self) -> bool:
        return self.column is self.tie


@dataclass(frozen=True, slots=True)
class Cursor:
    """Between two rows.

    `value` and `id` of the row next to it, and the number of the first row of that page.
    """

    forward: bool
    value: Any
    id: int
    number: int = 1


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of rows and the places of its neighbours."""

    rows: Sequence[Row[Any]]
    number: int
    previous: Cursor | None
    next: Cursor | None


def read_id(raw: str) -> int | None:
    """Return the id in an address or a form, None for anything else."""
    if not raw.isascii() or not raw.isdigit() or len(raw) > 19:
        return None
    pk = int(raw)
    return pk if 0 < pk <= BIGGEST_ID else None


def page_size(raw: str | None, default: int = PAGE_SIZE) -> int:
    """One of the allowed sizes, whatever was asked for."""
    return int(raw) if raw in {str(size) for size in PAGE_SIZES} else default


def write_cursor(cursor: Cursor) -> str:
    """Return the place as it stands in an address."""
    value = cursor.value
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif isinstance(value, Decimal) or (
        value is not None and not isinstance(value, bool | int | float)
    ):
        value = str(value)
    text = json.dumps([int(cursor.forward), value, cursor.id, cursor.number], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(raw: str | None, kind: TypeEngine[Any]) -> Cursor | None:
    """Return the place in an address, None for junk."""
    if not raw or len(raw) > 2000:
        return None
    try:
        text = base64.urlsafe_b64decode(raw.encode() + b"=" * (-len(raw) % 4))
        forward, value, pk, number = json.loads(text)
        if any(type(one) is not int for one in (forward, pk, number)) or forward not in (0, 1):
            return None
        if not 0 < pk <= BIGGEST_ID or not 0 < number <= BIGGEST_ID:
            return None
        return Cursor(bool(forward), _typed(value, kind), pk, number)
    except (ValueError, TypeError, binascii.Error, InvalidOperation, RecursionError):
        return None


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:
    """Return the value of the column's kind. Raises ValueError or TypeError for another kind."""
    if value is None:
        return None
    wanted = kind.python_type
    if type(value) not in _WRITTEN.get(wanted, (str,)):
        raise ValueError("Of another kind.")
    if wanted is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("A moment without a zone.")
        return moment
    if wanted is date:
        return date.fromisoformat(value)
    if wanted is Decimal:
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) > 10**14 or int(amount.as_tuple().exponent) < -30:
            raise ValueError("Out of range.")
        return amount
    if wanted is int and abs(value) > BIGGEST_ID:
        raise ValueError("Out of range.")
    if isinstance(value, str) and UNKEPT.search(value):
        raise ValueError("Not a text of PostgreSQL.")
    return wanted(value)


# As what `write_cursor` writes them; all others are texts.
_WRITTEN: dict[type, tuple[type, ...]] = {int: (int,), bool: (bool,), float: (float, int)}
_Phase = tuple[list[ColumnElement[bool]], Sequence[ColumnElement[Any]], bool]


def fetch(  # noqa: PLR0917 -- which rows, what of them, and where in their order
    session: Session,
    plan: ListPlan,
    shown: ListPlan,
    columns: Sequence[Any],
    where: Sequence[ColumnElement[bool]],
    order: Sorting,
    cursor: Cursor | None,
    size: int,
) -> Slice:
    """Return the page at `place` (None: the first) and where its neighbours are.

    `plan` says which rows, `columns` of `shown` what of them: only the rows of the page are joined
    to what is shown. Rows carry `id`, `sort_value` and `tie_value` before `columns`.
    """
    forward = cursor is None or cursor.forward
    keys = (
        plan.root.c.id.label("id"),
        order.column.label("sort_value"),
        order.tie.label("tie_value"),
    )
    rows: list[Row[Any]] = []
    for conditions, directions, down in _phases(order, cursor, forward=forward):
        found = plan.select(*keys, where=(*where, *conditions)).order_by(*directions)
        page = found.limit(size + 1 - len(rows)).subquery("page")
        by = (page.c.sort_value, page.c.tie_value)
        statement = shown.select(*page.c, *columns, among=page)
        rows += session.execute(statement.order_by(*(k.desc() if down else k for k in by))).all()
        if len(rows) > size:
            break
    more = len(rows) > size
    rows = rows[:size] if forward else rows[:size][::-1]
    return _slice(rows, cursor, forward=forward, more=more, size=size)


def _phases(order: Sorting, cursor: Cursor | None, *, forward: bool) -> list[_Phase]:
    """Rows with a value, then rows without one; backwards the other way round.

    Each with whether it goes down.
    """
    down = order.desc is forward
    tie = order.tie.desc() if down else order.tie.asc()
    if order.is_tie:
        return [([_beyond(order.tie, cursor.id, down)] if cursor else [], [tie], down)]
    column = order.column.desc() if down else order.column.asc()
    filled: list[ColumnElement[bool]] = [order.column.is_not(None)] if order.nullable else []
    empty: list[ColumnElement[bool]] = [order.column.is_(None)]
    at_empty = cursor is not None and cursor.value is None
    if cursor is not None and not at_empty:
        here = tuple_(order.column, order.tie)
        there = tuple_(literal(cursor.value, order.column.type), literal(cursor.id))
        filled.append(here < there if down else here > there)
    if cursor is not None and at_empty:
        empty.append(_beyond(order.tie, cursor.id, down))
    with_value: _Phase = (filled, [column, tie], down)
    if not order.nullable:
        return [with_value]
    without: _Phase = (empty, [tie], down)
    if forward:
        return [without] if at_empty else [with_value, without]
    return [without, with_value] if at_empty else [with_value]


def _beyond(column: ColumnElement[Any], value: int, down: bool) -> ColumnElement[bool]:  # noqa: FBT001
    return and_(column < value if down else column > value)


def _slice(
    rows: list[Row[Any]], cursor: Cursor | None, *, forward: bool, more: bool, size: int
) -> Slice:
    number = cursor.number if cursor else 1
    if not forward and not more:
        number = 1
    before = after = None
    if rows:
        first, last = rows[0], rows[-1]
        if (forward and cursor is not None) or (not forward and more):
            start = max(1, number - size)
            before = Cursor(BACKWARD, first.sort_value, first.tie_value, start)
        if not forward or more:
            after = Cursor(FORWARD, last.sort_value, last.tie_value, number + len(rows))
    return Slice(rows, number, before, after)
