"""Reading what has changed since the last time, with nothing missed and nothing told twice.

`changed_since` is a moment at first, afterwards the `changed_until` of the round before. Archived
records are among those that come. A time alone would miss what was changed before the reading and
committed after it. So a round remembers the database's snapshot: it gives the row versions of
transactions that were over when it began and not yet when the last one did. Only a transaction that
runs for longer than `LONGEST` between a change and its commit could be missed.

Numbers of transactions mean nothing in another database. After a restore the same records may even
stand there as they were before they were told. So a round says where it was read, and elsewhere the
caller is asked to begin anew. Which rows tell of a record, and in what order: change_tracking.py.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, FromClause, func, literal_column, or_, text
from sqlalchemy.orm import Session

from app.kit.errors import CrmError
from app.kit.rest.query_parameters import Question

LONGEST = timedelta(hours=2)
_JOINT = "~"
_LONGEST_TOKEN = 500
# A restored dump has another system or database, one restored to a point in time another timeline.
_NOW = text(
    "select pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint,"
    " clock_timestamp(), concat_ws('/', (select system_identifier from pg_control_system()),"
    " (select oid from pg_database where datname = current_database()),"
    " left(pg_walfile_name(pg_current_wal_lsn()), 8)) from pg_current_snapshot() s"
)


class BeginAnew(CrmError):
    """What was told so far was told by another database: it may hold what this one does not."""

    status = 410

    def __init__(self, field: str) -> None:
        words = _(
            "This was read before the database was restored or moved. Begin anew with a moment."
        )
        super().__init__(words, field=field)


@dataclass(frozen=True, slots=True)
class Round:
    """One reading to its end: what was over before `before`, and not yet before `after`."""

    since: datetime
    after: int | None
    before: int
    at: datetime
    home: str
    """The database that it is read from."""
    floor: int = 0
    """Of a ledger: all that could be told has this id or a later one."""

    @property
    def bound(self) -> datetime:
        """The moment before which nothing was written that is to be told."""
        return self.since if self.after is None else self.since - LONGEST

    def until(self) -> str:
        """Return where the next round begins."""
        return _pack([self.before, self.at.isoformat(), self.home])

    def tells(self, source: FromClause, time: str | None) -> list[ColumnElement[bool]]:
        """Return which rows of a table, or an alias of one, this round tells.

        `time` names the column that says when a row was written, where there is one.
        """
        written: ColumnElement[Any] = literal_column(f'"{source.name}".xmin')  # type: ignore[attr-defined]  # of a table or an alias
        over = func.crm_written_before(written, self.before)
        found: list[ColumnElement[bool]] = [over]
        if time is not None:
            at: ColumnElement[Any] = source.c[time]
            # What is older than any transaction is over; and its xmin may be from an earlier turn.
            found = [at >= self.bound, or_(at < self.at - LONGEST, over)]
        if self.after is not None:
            found.append(~func.crm_written_before(written, self.after))
        return found


def begin(session: Session, raw: str) -> Round:
    """Return the round that begins now.

    Raises BadRequest for a moment that is none, BeginAnew for the end of another database's round.
    """
    before, newest, at, home = _now(session)
    try:
        after, since, told_by = _unpack(raw, "number", "moment", "text")
    except ValueError:
        return Round(_moment(raw), None, before, at, home)
    if told_by != home or after > newest:
        raise BeginAnew("changed_since")
    return Round(since, after, before, at, home)


def with_cursor(cursor: str, one: Round, part: int) -> str:
    """Return the `next` of a round's page: the part and place to go on at, and the round itself."""
    rest = [one.since.isoformat(), one.after, one.before, one.at.isoformat(), one.home]
    return f"{cursor}{_JOINT}{_pack([*rest, one.floor, part])}"


def again(session: Session, raw: str) -> tuple[str, Round, int]:
    """Return place, round and part of a `next`. Raises BadRequest, and BeginAnew."""
    cursor, _joint, rest = raw.partition(_JOINT)
    kinds = ("moment", "number or nothing", "number", "moment", "text", "number", "number")
    try:
        *found, part = _unpack(rest, *kinds)
    except ValueError as error:
        raise Question(_("“next” could not be read."), field="next") from error
    one = Round(*found)
    _before, newest, _at, home = _now(session)
    if one.home != home or one.before > newest:
        raise BeginAnew("next")
    return cursor, one, part


def _now(session: Session) -> tuple[int, int, datetime, str]:
    before, newest, at, home = session.execute(_NOW).one()
    # Told apart, and no more: callers need not know what the installation runs on.
    return before, newest, at, hashlib.sha256(home.encode()).hexdigest()[:12]


def _pack(values: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _unpack(raw: str, *kinds: str) -> list[Any]:
    """Return what was packed, each of its kind: anybody may have written it.

    Raises ValueError.
    """
    if len(raw) > _LONGEST_TOKEN:
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
    if kind == "text" and isinstance(one, str):
        return one
    if kind == "number or nothing" and one is None:
        return None
    if kind.startswith("number") and type(one) is int and 0 <= one < 2**63:
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
