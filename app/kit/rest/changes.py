"""Reading what has changed since the last time, with nothing missed and nothing told twice.

`changed_since` is a moment at first, afterwards the `changed_until` of the round before. Records
come by (changed_at, id), archived ones among them. A time alone would miss what was changed before
the reading and committed after it. So a round remembers the database's snapshot: it gives the
record versions of transactions that were over when it began and not yet when the last one did. Only
a transaction that runs for longer than `LONGEST` between a change and its commit could be missed.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from app.kit.rest.asking import Question
from app.kit.screens.attrs import is_indexed

LONGEST = timedelta(hours=2)
_JOINT = "~"


@dataclass(frozen=True, slots=True)
class Round:
    """One reading to its end: what was over before `before`, and not yet before `after`."""

    since: datetime
    after: int | None
    before: int
    at: datetime

    def until(self) -> str:
        """Return where the next round begins."""
        return _pack([self.before, self.at.isoformat()])

    def conditions(self, table: Table) -> list[ColumnElement[bool]]:
        """Return which rows this round gives."""
        changed: ColumnElement[Any] = table.c.changed_at
        written: ColumnElement[Any] = literal_column(f"{table.name}.xmin")
        over = func.crm_written_before(written, self.before)
        # What is older than any transaction is over; and its xmin may be from an earlier turn.
        found = [or_(changed < self.at - LONGEST, over)]
        if self.after is None:
            return [changed >= self.since, *found]
        return [
            changed >= self.since - LONGEST,
            ~func.crm_written_before(written, self.after),
            *found,
        ]


def is_kept(table: Table) -> bool:
    """Whether a table can be read by change."""
    return "changed_at" in table.c and is_indexed(table.c.changed_at)


def begin(session: Session, raw: str) -> Round:
    """Return the round that begins now. Raises BadRequest for a moment that is none."""
    snapshot = text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    before, at = session.execute(select(snapshot, func.clock_timestamp())).one()
    try:
        after, since = _unpack(raw, "number", "moment")
    except ValueError:
        return Round(_moment(raw), None, before, at)
    return Round(since, after, before, at)


def with_place(place: str | None, one: Round) -> str | None:
    """Return the `next` of a round's page: its place, and the round that it belongs to."""
    if place is None:
        return None
    rest = [one.since.isoformat(), one.after, one.before, one.at.isoformat()]
    return f"{place}{_JOINT}{_pack(rest)}"


def again(raw: str) -> tuple[str, Round]:
    """Return place and round of a `next`. Raises BadRequest."""
    place, _joint, rest = raw.partition(_JOINT)
    try:
        return place, Round(*_unpack(rest, "moment", "number or nothing", "number", "moment"))
    except ValueError as error:
        raise Question(_("“next” could not be read."), field="next") from error


def _pack(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _unpack(raw: str, *kinds: str) -> list[Any]:
    """Return what was packed, each of its kind: anybody may have written it.

    Raises ValueError.
    """
    if len(raw) > 500:
        raise ValueError(raw)
    try:
        found = json.loads(base64.urlsafe_b64decode(raw.encode() + b"=" * (-len(raw) % 4)))
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError(raw) from error
    if not isinstance(found, list) or len(found) != len(kinds):
        raise ValueError(raw)
    return [_of_kind(one, kind) for one, kind in zip(found, kinds, strict=True)]


def _of_kind(one: Any, kind: str) -> Any:
    if kind == "moment" and isinstance(one, str):
        return _aware(one)
    if kind == "number or nothing" and one is None:
        return None
    if kind != "moment" and type(one) is int and 0 <= one < 2**63:
        return one
    raise ValueError(one)


def _aware(raw: str) -> datetime:
    found = datetime.fromisoformat(raw)
    if found.tzinfo is None or not 1 < found.year < 9999:
        raise ValueError(raw)
    return found


def _moment(raw: str) -> datetime:
    try:
        return _aware(raw).astimezone(UTC)
    except ValueError as error:
        words = _("Send a moment like “2026-11-21T14:30:00Z”, or the last “changed_until”.")
        raise Question(words, field="changed_since") from error
