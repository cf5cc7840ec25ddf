"""Export: every row of the present filter as CSV, streamed from a session of its own.

Teardown fires before a stream's first row, so the stamp is taken when the answer is made. Memory
does not grow with the rows: a server-side cursor hands them over in portions.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, request
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from app.kit import clock
from app.kit.access import NobodyReads, Reader, reader, reading
from app.kit.database.session import db, work
from app.kit.screens import listing
from app.kit.screens.address import Address
from app.kit.screens.attrs import Attr, called
from app.kit.screens.cells import currency_column
from app.kit.screens.models import ExportLog
from app.kit.screens.selection import Selection, selection_of
from app.kit.screens.shapes import in_words, told

if TYPE_CHECKING:
    from app.kit.screens.base import Screen

PORTION = 2000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet would run a text that begins with one of these, full-width ones included."""


def respond(screen: "Screen") -> Response:
    """Answer GET export: the rows and columns of the list at the same address."""
    session, who = db.session(), reader()
    address = Address.of(screen.list_url(), request.args)
    selection = selection_of(screen, session, address, screen.filterable(), who.time_zone)
    selection.insist_on_all()
    attrs = listing.attrs_by_name(screen, listing.chosen_columns(screen, address))
    columns = _columns(selection, attrs)
    order, _name, desc = listing.order_of(screen, selection.plan, address.get("o"))
    keys = [order.column, order.tie] if not order.is_tie else [order.tie]
    statement = selection.plan.select(
        selection.plan.root.c.id, *columns, where=selection.where
    ).order_by(*(key.desc().nulls_last() if desc else key for key in keys))
    heads = [_("Number"), *_heads(attrs)]
    session.add(
        ExportLog(screen=screen.name, query=address.rows, columns=",".join(a.name for a in attrs))
    )
    session.flush()
    rows = _stream(statement, attrs, heads, who)
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


def _heads(attrs: Sequence[Attr]) -> list[str]:
    heads = []
    for attr in attrs:
        heads.append(str(attr.label))
        if attr.kind == "money":
            heads.append(_("%(label)s: currency", label=attr.label))
    return heads


def _writer() -> tuple[io.StringIO, Any]:
    buffer = io.StringIO()
    return buffer, csv.writer(buffer)


def _head(heads: Sequence[str]) -> str:
    buffer, writer = _writer()
    # With the mark Excel reads UTF-8 as such.
    buffer.write("\ufeff" if request.args.get("bom", "1") != "0" else "")
    writer.writerow([safe(head) for head in heads])
    return buffer.getvalue()


def _stream(
    statement: Any, attrs: Sequence[Attr], heads: Sequence[str], who: Reader
) -> Iterator[str]:
    head, stamp = _head(heads), who.stamp()
    if stamp is None:
        raise NobodyReads
    labels = [
        {member: str(member.label) for member in attr.choices} if attr.choices else {}
        for attr in attrs
    ]
    yes_no = {True: _("yes"), False: _("no")}
    zone = ZoneInfo(who.time_zone)
    application, tongue = current_app._get_current_object(), str(get_locale() or "en")  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's own way to it

    def written(portion: Sequence[Any]) -> str:
        buffer, writer = _writer()
        # The request is over by now: the reader's language is spoken anew.
        with application.app_context(), reading(who), force_locale(tongue):
            for row in portion:
                writer.writerow(_line(row, attrs, labels, yes_no, zone, who.currency))
        return buffer.getvalue()

    def rows() -> Iterator[str]:
        yield head
        with work(stamp) as session:
            result = session.execute(statement, execution_options={"yield_per": PORTION})
            yield from map(written, result.partitions())

    return rows()


def _line(
    row: Any,
    attrs: Sequence[Attr],
    labels: Sequence[dict[Any, str]],
    yes_no: dict[bool, str],
    zone: ZoneInfo,
    currency: str,
) -> list[object]:
    line: list[object] = [row[0]]
    at = 1
    fields = row._fields
    for attr, words in zip(attrs, labels, strict=True):
        value = row[at]
        at += 1
        extra = None
        has_extra = at < len(fields) and fields[at].startswith("x")
        if has_extra:
            extra = row[at]
            at += 1
        if attr.target is not None:
            line.append("" if value is None else safe(called(extra, value)))
            continue
        words_of = in_words if attr.is_structured else told
        value = words_of(attr.column, value)
        line.append(_plain(value, words, yes_no, zone))
        if attr.kind == "money":
            line.append(extra if has_extra else currency)
    return line


def _plain(  # noqa: PLR0911 -- one answer for each kind of value
    value: Any, words: dict[Any, str], yes_no: dict[bool, str], zone: ZoneInfo
) -> object:
    if value is None:
        return ""
    if words:
        return safe(words.get(value, str(value)))
    if isinstance(value, bool):
        return yes_no[value]
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize() if value else value, "f")
    if isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        return safe(", ".join(map(str, value)))
    return safe(str(value))


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
