"""The list page: a fixed number of queries whatever its length."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.kit.access import may, reader
from app.kit.database.session import db
from app.kit.plurals import counted as _ln
from app.kit.screens import saved
from app.kit.screens.address import PAGE, SCOPE, Address
from app.kit.screens.attrs import Attr, called
from app.kit.screens.cells import Table, column_head, has_archive
from app.kit.screens.counting import count_of
from app.kit.screens.declaration import Declaration
from app.kit.screens.filter_chips import chips_of, filter_fields
from app.kit.screens.pages import (
    Action,
    BulkButton,
    Cell,
    Column,
    ColumnChoice,
    Empty,
    Link,
    ListPage,
    Pager,
    Row,
    ViewPanel,
)
from app.kit.screens.paging import (
    Cursor,
    Slice,
    Sorting,
    fetch,
    page_size,
    read_cursor,
    write_cursor,
)
from app.kit.screens.plan import ListPlan
from app.kit.screens.selection import COUNT_CAP, Selection, capped_at, selection_of
from app.kit.screens.totals import totals_of

MOST_COLUMNS = 12
NARROW = 5
"""Columns that a phone has room for."""


def respond(screen: Declaration) -> Any:
    """Answer GET list; with `part=1` only the table, for a tab of another record."""
    session = db.session()
    address = Address.of(screen.list_url(), request.args)
    views = saved.views_of(screen, session)
    if not address.args:
        address = saved.default_address(screen, views, address)
    page = list_page(screen, session, address, views)
    part = address.get("part") == "1"
    return render_template("tresen/fragment/list.html" if part else "tresen/list.html", page=page)


def order_of(screen: Declaration, plan: ListPlan, asked: str | None) -> tuple[Sorting, str, bool]:
    """Return the order in force: (order, its name, descending).

    Only what an index gives; anything else is the default.
    """
    name, desc = screen.order[0], screen.order[1] == "desc"
    if asked:
        wanted = asked.removeprefix("-")
        if wanted in screen.seen_order():
            name, desc = wanted, asked.startswith("-")
    tie: ColumnElement[Any] = plan.root.c.id
    if name == "id" or not screen.sees(screen.attr(name)):
        return Sorting(tie, tie, desc), "id", desc
    attr = screen.attr(name)
    column = plan.folded(attr)
    source = plan.source(attr.path)
    # Behind a relation the index is the far table's, which ends with its own id.
    if attr.path and "id" in source.c:
        tie = source.c.id
    nullable = bool(attr.column.nullable)
    return Sorting(column, tie, desc, nullable), name, desc


def chosen_columns(screen: Declaration, address: Address) -> list[str]:
    """Return the columns to show: the asked ones that exist and may be seen, or the declared.

    The first one stays.
    """
    scope = {name for name, _value in address.scopes()}
    possible = [name for name in possible_columns(screen) if name not in scope]
    first = next((n for n in screen.list_columns if n in possible), None)
    asked = [name for name in address.columns if name in possible][:MOST_COLUMNS]
    usual = [name for name in screen.list_columns if name in possible]
    found = asked or usual
    return list(dict.fromkeys([first, *found])) if first else found


def possible_columns(screen: Declaration) -> list[str]:
    """Return the columns that this reader may see."""
    return [name for name in screen.shown if _sees(screen, name)]


def _sees(screen: Declaration, name: str) -> bool:
    if name not in screen.computed:
        return screen.sees(screen.attr(name))
    guard = screen.computed[name].guard
    return not guard or may("read", guard)


def list_page(
    screen: Declaration, session: Session, address: Address, views: Sequence[saved.View]
) -> ListPage:
    """Everything the list shows."""
    zone = reader().time_zone
    attrs = screen.filterable()
    selection = selection_of(screen, session, address, attrs, zone)
    names = chosen_columns(screen, address)
    table = Table(
        screen, ListPlan(screen.model), [screen.attr(n) for n in names if n not in screen.computed]
    )
    order, sorted_by, desc = order_of(screen, selection.plan, address.get("o"))
    size = page_size(address.get("psize"))
    count = count_of(screen, session, address, selection)
    found = Slice([], 1, None, None)
    if count:
        cursor = read_cursor(address.get(PAGE), order.column.type)
        if cursor is not None and cursor.value is None and not (order.is_tie or order.nullable):
            cursor = None
        found = fetch(
            session,
            selection.plan,
            table.plan,
            table.selected,
            selection.where,
            order,
            cursor,
            size,
        )
    heads = table.currencies(found.rows)
    extra = {
        name: screen.computed[name].load(session, [row.id for row in found.rows])
        if found.rows
        else {}
        for name in names
        if name in screen.computed
    }
    page: ListPage = _page(screen, session, address, selection, views)(
        columns=_columns(screen, address, names, table, heads, sorted_by, desc=desc),
        rows=_rows(screen, table, found, names, heads, extra),
        count=count,
        slice_=found,
    )
    if not count:
        return page
    return replace(page, totals=totals_of(screen, session, address, selection, names))


def _columns(
    screen: Declaration,
    address: Address,
    names: Sequence[str],
    table: Table,
    heads: Mapping[int, str],
    sorted_by: str,
    *,
    desc: bool,
) -> list[Column]:
    currency = {attr.name: heads.get(i, "") for i, attr in enumerate(table.attrs)}
    columns, narrow = [], _on_phones(screen, names)
    for number, name in enumerate(names):
        wide = name not in narrow
        if name in screen.computed:
            one = screen.computed[name]
            columns.append(Column(name, one.label, one.kind, currency=one.currency, wide=wide))
            continue
        attr = screen.attr(name)
        url, state = "", None
        if name in screen.sortable:
            state = ("desc" if desc else "asc") if name == sorted_by else None
            url = address.with_(o=f"-{name}" if state == "asc" else name)
        columns.append(
            column_head(
                attr,
                kind="lead" if number == 0 else None,
                sort_url=url,
                sorted=state,
                currency=currency.get(name, ""),
                wide=wide,
            )
        )
    return columns


def _on_phones(screen: Declaration, names: Sequence[str]) -> Sequence[str]:
    """Return the columns that phones show: the first, what the reader has added, the rest."""
    usual = [name for name in names[1:] if name in screen.list_columns]
    added = [name for name in names[1:] if name not in screen.list_columns]
    said = [name for name in usual if name in screen.phone_columns]
    return [*names[:1], *added, *(said or usual)][:NARROW]


def _rows(
    screen: Declaration,
    table: Table,
    found: Slice,
    names: Sequence[str],
    heads: dict[int, str],
    extra: Mapping[str, Mapping[int, object]],
) -> list[Row]:
    prefix = screen.url("show") + "/"
    first_is_link = bool(table.attrs) and table.attrs[0].target is not None
    rows = []
    for row in found.rows:
        pk = row[0]
        cells = table.cells(row, heads)
        if extra:
            ours = iter(cells)
            cells = [Cell(extra[n].get(pk)) if n in extra else next(ours) for n in names]
        url = f"{prefix}{pk}"
        lead = cells[0]
        if not first_is_link:
            label = called(lead.value, pk)
            value = lead.value if lead.value not in (None, "") else label
            cells[0] = Cell(
                value, url=url, extra=lead.extra, tags=lead.tags, currency=lead.currency
            )
        else:
            label = str(lead.value or called(None, pk))
        rows.append(Row(str(pk), cells, label=label, url=url))
    return rows


def _page(
    screen: Declaration,
    session: Session,
    address: Address,
    selection: Selection,
    views: Sequence[saved.View],
) -> Any:
    scope = address.scopes()

    def make(*, columns: list[Column], rows: list[Row], count: int, slice_: Slice) -> ListPage:
        capped = count > COUNT_CAP
        counted = _("more than %(number)s", number=capped_at()) if capped else _figure(count)
        exports = rows and screen.exports and screen.may("export")
        may_add = screen.adds and screen.may("write")
        add_url = Address(screen.url("add"), ()).url(scope)
        return ListPage(
            title=screen.label,
            crumbs=[Link(screen.area.label)] if scope else (),
            columns=columns,
            rows=rows,
            count_text=counted,
            views=saved.tabs(screen, views, address) if not scope else (),
            searchable=screen.searches,
            search_value=address.words,
            search_hint=screen.search_hint,
            keep=[(k, v) for k, v in address.without("q")],
            filters=filter_fields(screen),
            chips=chips_of(screen, session, address, selection),
            clear_url=_clear_url(address),
            view=_view_panel(screen, address, columns),
            bulk=bulk_actions(screen) if rows else (),
            bulk_url=_bulk_url(screen, address),
            matches=None if capped else count,
            pager=_pager(address, slice_, counted, columns),
            add_url=add_url if may_add else "",
            add_label=_("New: %(what)s", what=screen.one),
            export_url=_export_url(screen, address) if exports else "",
            export_all_url=_export_url(screen, address, every=True) if exports else "",
            empty=None
            if rows or selection.error
            else _empty(screen, address, selection, add_url if may_add else ""),
            error=selection.error,
            facts=screen.help if not scope else "",
        )

    return make


def _figure(count: int) -> str:
    from flask_babel import format_decimal  # noqa: PLC0415 -- Babel's tables load on first use

    return format_decimal(count)


def _clear_url(address: Address) -> str:
    kept = [(k, v) for k, v in address.without("q") if not k.startswith("f.")]
    return address.url(kept)


def _bulk_url(screen: Declaration, address: Address) -> str:
    return Address(screen.url("bulk"), ()).url(address.without("part"))


def _export_url(screen: Declaration, address: Address, *, every: bool = False) -> str:
    """Return the address of the file of these rows, with the columns that are shown."""
    pairs = [*address.without("part", "cols")]
    if every:
        pairs.append(("cols", "*"))
    elif address.columns:
        pairs.append(("cols", ",".join(chosen_columns(screen, address))))
    return Address(screen.url("export"), ()).url(pairs)


def _pager(address: Address, found: Slice, counted: str, columns: Sequence[Column]) -> Pager:
    def to(cursor: Cursor | None) -> str:
        if cursor is None:
            return ""
        return address.url([*address.without(), (PAGE, write_cursor(cursor))])

    if not found.rows:
        return Pager(count_text=counted)
    last = found.number + len(found.rows) - 1
    return Pager(to(found.previous), to(found.next), found.number, last, counted)


def _view_panel(
    screen: Declaration, address: Address, columns: Sequence[Column]
) -> ViewPanel | None:
    if any(key.startswith(SCOPE) for key, _value in address.args):
        return None
    shown = [column.name for column in columns]
    in_order = [*shown, *(name for name in possible_columns(screen) if name not in shown)]
    choices = [
        ColumnChoice(
            name,
            screen.computed[name].label if name in screen.computed else screen.attr(name).label,
            shown=name in shown,
            locked=name == shown[0],
        )
        for name in in_order
    ]
    return ViewPanel(choices, save_url=screen.url("views"), can_share=may(*saved.SHARE))


def bulk_actions(screen: Declaration) -> list[BulkButton]:
    """Return what this reader may do with many records."""
    found = [
        BulkButton(name, one.label, one.icon, one.danger, one.confirm)
        for name, one in screen.bulk.items()
        if screen.may(name)
    ]
    if screen.archives and has_archive(screen.model) and screen.may("delete"):
        sentence = _ln(
            "{n} record leaves the lists. It can be restored.",
            "{n} records leave the lists. They can be restored.",
        )
        found.append(BulkButton("archive", _l("Archive"), "archive", danger=True, confirm=sentence))
    return found


def _empty(screen: Declaration, address: Address, selection: Selection, add_url: str) -> Empty:
    narrowed = bool(selection.filters or address.words)
    if narrowed:
        last = [Action(_("Remove all filters"), _clear_url(address))]
        said = (
            _("Nothing fits all of these at once.")
            if len(selection.filters) > 1
            else _("Nothing fits.")
        )
        return Empty(said, _("Remove a filter or search for less."), actions=last)
    first = [Action(_("New: %(what)s", what=screen.one), add_url, "plus")] if add_url else []
    return Empty(_("Nothing here yet"), screen.empty or screen.help, screen.icon, first)


def attrs_by_name(screen: Declaration, names: Sequence[str]) -> list[Attr]:
    """Return the attributes of those columns that are columns."""
    return [screen.attr(name) for name in names if name not in screen.computed]
