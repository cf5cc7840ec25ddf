"""The cells of a table, written in Python: a list of fifty rows has five hundred of them.

A template asks for each value's type, kind and link anew; here that is settled once for a column,
and the reader's language and zone once for a table.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from markupsafe import Markup, escape

from app.kit.screens.pages import Cell, Column, Row
from app.web import formats
from app.web.helpers import brief

Writer = Callable[[Row, Cell], str]
NUMERIC = ("num", "money", "price", "percent")
LABELLED = (*NUMERIC, "date", "datetime", "bool")


def written(
    rows: Sequence[Row],
    columns: Sequence[Column],
    values: bool = False,  # noqa: FBT001, FBT002 - a filter's argument
) -> Iterator[tuple[Row, Markup]]:
    """Yield each row with its cells as HTML.

    The first column and those of the kind `lead` head the row and lead to its record. With `values`
    numbers stand in `data-v` too, for charts, and only cells with a link of their own are links.
    """
    hand = formats.hand()
    writers = [
        _head(column, hand, linked=column.kind == "lead" or not values)
        if column.kind == "lead" or number == 0
        else _cell(column, hand, values=values)
        for number, column in enumerate(columns)
    ]
    for row in rows:
        html = "".join([write(row, cell) for write, cell in zip(writers, row.cells, strict=False)])
        yield row, Markup(html)  # noqa: S704 - the writers escape what they are given


def _attributes(column: Column) -> str:
    """Return what all cells of a column carry: alignment, hidden on phones, or its label there."""
    numeric = "num" if column.kind in NUMERIC else ""
    classes = " ".join(filter(None, [numeric, "wide" if column.wide else ""]))
    label = column.kind in LABELLED and not column.wide
    return (f' class="{classes}"' if classes else "") + (
        f' data-l="{escape(column.label)}"' if label else ""
    )


def _head(column: Column, hand: formats.Hand, *, linked: bool) -> Writer:
    inside = _inside(column, hand)

    def write(row: Row, cell: Cell) -> str:
        url = cell.url or (row.url if linked else "")
        return f'<th scope="row" class="lead">{inside(cell, url)}</th>'

    return write


def _cell(column: Column, hand: formats.Hand, *, values: bool) -> Writer:
    inside, attributes = _inside(column, hand), _attributes(column)

    def write(_row: Row, cell: Cell) -> str:
        return f"<td{attributes}>{inside(cell, cell.url)}</td>"

    def write_with_value(_row: Row, cell: Cell) -> str:
        value = cell.value
        if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
            return f"<td{attributes}>{inside(cell, cell.url)}</td>"
        return f'<td{attributes} data-v="{value}">{inside(cell, cell.url)}</td>'

    return write_with_value if values else write


def _inside(column: Column, hand: formats.Hand) -> Callable[[Cell, str], str]:
    kind, head = column.kind, column.currency

    def write(cell: Cell, url: str) -> str:
        value = formats.shown(cell.value, kind, cell.currency, cell.tone, hand, head)
        text = str(escape(brief(value)))
        if url and text:
            text = f'<a href="{escape(url)}">{text}</a>'
        if cell.tags:
            text += "".join(f' <span class="lbl">{escape(one)}</span>' for one in cell.tags)
        if cell.extra:
            text += f'<span class="extra">{escape(cell.extra)}</span>'
        return text

    return write


FILTERS = {"written": written}
