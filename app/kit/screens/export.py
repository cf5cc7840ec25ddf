"""Export: every row of the present filter as CSV, streamed from a session of its own.

Teardown fires before a stream's first row, so the stamp is taken when the answer is made. Memory
does not grow with the rows: a server-side cursor hands them over in portions.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, request
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit import clock, csv_text
from app.kit.access import NobodyReads, Reader, reader, reading
from app.kit.database.session import db, work
from app.kit.errors import Invalid
from app.kit.screens import listing
from app.kit.screens.address import Address
from app.kit.screens.attrs import Attr, called
from app.kit.screens.cells import currency_column
from app.kit.screens.declaration import Declaration
from app.kit.screens.json_formats import in_words, told
from app.kit.screens.models import ExportLog
from app.kit.screens.selection import Selection, selection_of

PORTION = 2000
ALL = "*"
"""Asked for as `cols`: every column that the reader may see."""


def respond(screen: Declaration) -> Response:
    """Answer GET export: the rows and columns of the list at the same address."""
    session, who = db.session(), reader()
    address = Address.of(screen.list_url(), request.args)
    selection = selection_of(screen, session, address, screen.filterable(), who.time_zone)
    selection.insist_on_all()
    names = chosen(screen, address)
    attrs = listing.attrs_by_name(screen, names)
    columns = _columns(selection, attrs)
    order, _name, desc = listing.order_of(screen, selection.plan, address.get("o"))
    keys = [order.column, order.tie] if not order.is_tie else [order.tie]
    statement = selection.plan.select(
        selection.plan.root.c.id, *columns, where=selection.where
    ).order_by(*(key.desc().nulls_last() if desc else key for key in keys))
    heads = _heads(screen, names)
    session.add(ExportLog(screen=screen.name, query=address.rows, columns=",".join(names)))
    session.flush()
    rows = _stream(screen, statement, names, heads, who)
    name = f"{screen.path}-{clock.now():%Y-%m-%d}.csv"
    return Response(
        rows if not selection.nothing else iter([_head(heads)]),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )


def _columns(selection: Selection, attrs: Sequence[Attr]) -> list[Any]:
    columns: list[Any] = []
    for number, attr in enumerate(attrs):
        columns.append(selection.plan.column(attr).label(f"c{number}"))
        extra = currency_column(selection.plan, attr)
        if attr.target is not None:
            extra = selection.plan.title(attr)
        if extra is not None:
            columns.append(extra.label(f"x{number}"))
    return columns


def chosen(screen: Declaration, address: Address) -> list[str]:
    """Return the columns of the file: exactly the asked ones, in their order, or the list's.

    Raises Invalid for one that is none, or none of this reader's: a file that lacks it would be
    taken for complete.
    """
    asked = address.columns
    if not asked:
        return listing.chosen_columns(screen, address)
    possible = listing.possible_columns(screen)
    if asked == [ALL]:
        return possible
    for name in asked:
        if name not in possible:
            raise Invalid(_("There is no column “%(name)s” here.", name=name[:60]), field="cols")
    return list(dict.fromkeys(asked))


def _heads(screen: Declaration, names: Sequence[str]) -> list[str]:
    """Return a head for each column, no two alike: what two share is said with whose it is."""
    found = [screen.computed.get(name) or screen.attr(name) for name in names]
    labels = [str(one.label) for one in found]
    heads = ["ID"]
    for one, label in zip(found, labels, strict=True):
        head = label
        if labels.count(label) > 1 and isinstance(one, Attr) and one.path:
            whose = screen.attr(".".join(one.path)).label
            head = _("%(whose)s: %(label)s", whose=whose, label=label)
        heads.append(head)
        if isinstance(one, Attr) and one.kind == "money":
            heads.append(_("%(label)s: currency", label=head))
    return csv_text.distinct(heads)


def _head(heads: Sequence[str]) -> str:
    mark = csv_text.MARK if request.args.get("bom", "1") != "0" else ""
    return mark + csv_text.line(heads)


class _Hand:
    """Writes rows in one reader's words, also when the request is over."""

    def __init__(self, screen: Declaration, names: Sequence[str], who: Reader) -> None:
        self._names = names
        self._computed = {n: screen.computed[n] for n in names if n in screen.computed}
        self._attrs = {n: screen.attr(n) for n in names if n not in self._computed}
        self._labels = {
            name: {member: str(member.label) for member in attr.choices} if attr.choices else {}
            for name, attr in self._attrs.items()
        }
        self._yes_no = {True: _("yes"), False: _("no")}
        self._who, self._zone, self._currency = who, ZoneInfo(who.time_zone), who.currency
        self._application = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's own way to it
        self._tongue = str(get_locale() or "en")

    def lines(self, session: Session, portion: Sequence[Any]) -> str:
        """Return the lines of some rows, with what is computed for them in one go."""
        with self._application.app_context(), reading(self._who), force_locale(self._tongue):
            ids = [row[0] for row in portion]
            loaded = {name: one.load(session, ids) for name, one in self._computed.items()}
            return csv_text.lines(self._line(row, loaded) for row in portion)

    def _line(self, row: Any, loaded: Mapping[str, Mapping[int, object]]) -> list[object]:
        line: list[object] = [row[0]]
        found = dict(zip(row._fields, row, strict=True))
        number = -1
        for name in self._names:
            if name in loaded:
                line.append(self._plain(loaded[name].get(row[0]), {}))
                continue
            number += 1
            attr, extra = self._attrs[name], found.get(f"x{number}")
            value = found[f"c{number}"]
            if attr.target is not None:
                line.append(None if value is None else str(called(extra, value)))
                continue
            words_of = in_words if attr.is_structured else told
            value = words_of(attr.column, value)
            line.append(self._plain(value, self._labels[name]))
            if attr.kind == "money":
                line.append(extra if f"x{number}" in found else self._currency)
        return line

    def _plain(self, value: Any, words: Mapping[Any, str]) -> object:
        """Return a value as a person reads it in a file; what is left is a cell as it is."""
        if value is None:
            return None
        if words:
            return words.get(value, str(value))
        if isinstance(value, bool):
            return self._yes_no[value]
        if isinstance(value, datetime):
            return value.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, Decimal):
            # All decimals that it has, and no others.
            return value.normalize() if value else Decimal(0)
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _stream(
    screen: Declaration, statement: Any, names: Sequence[str], heads: Sequence[str], who: Reader
) -> Iterator[str]:
    head, stamp, hand = _head(heads), who.stamp(), _Hand(screen, names, who)
    if stamp is None:
        raise NobodyReads

    def rows() -> Iterator[str]:
        yield head
        with work(stamp) as session:
            result = session.execute(statement, execution_options={"yield_per": PORTION})
            for portion in result.partitions():
                yield hand.lines(session, portion)

    return rows()
