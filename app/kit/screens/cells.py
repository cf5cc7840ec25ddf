"""Values of a row as cells: one writer per column, made once for a page and called for each row."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from app.kit.access import may, reader
from app.kit.column_validation import COMPANY
from app.kit.phone import display_phone
from app.kit.screens.attrs import Attr, called, table_of
from app.kit.screens.declaration import Declaration
from app.kit.screens.json_formats import in_words, told
from app.kit.screens.pages import Cell, Column, Kind
from app.kit.screens.plan import ListPlan
from app.kit.screens.screen_registry import screen_of_model

Writer = Callable[[Any], Cell]
LONGEST = 160


@lru_cache(maxsize=8192)
def phone_text(number: str) -> str:
    """Return a phone number as people write it; parsing one takes 40 µs."""
    return display_phone(number)


def record_url(model: type[Any]) -> str:
    """Return the address of records of `model` without their id.

    Empty for a reader who may not open them.
    """
    screen = screen_of_model(model)
    if screen is None or not may("read", screen.view):
        return ""
    return screen.url("show") + "/"


def currency_column(plan: ListPlan, attr: Attr) -> Any:
    """Return the column with the currency of a money column.

    The named one, else one beside it, else that of the document it is a line of, else the record's.
    None for the company's own.
    """
    if attr.kind != "money" or attr.currency == COMPANY:
        return None
    near, name = plan.source(attr.path), attr.currency or "currency"
    if name in near.c:
        return near.c[name]
    if not attr.path and (document := plan.root.info.get("currency_of")):
        return plan.source((document,)).c["currency"]
    return plan.root.c.get("currency") if attr.path else None


class Table:
    """The columns of one list and how their cells are written."""

    def __init__(self, screen: Declaration, plan: ListPlan, attrs: Sequence[Attr]) -> None:
        self.screen, self.plan, self.attrs = screen, plan, attrs
        self.selected: list[Any] = []
        self._writers: list[Writer] = []
        self._currency_at: dict[int, int] = {}
        for number, attr in enumerate(attrs):
            self._add(number, attr)

    def _add(self, number: int, attr: Attr) -> None:
        at = self._select(self.plan.column(attr))
        if attr.target is not None:
            self._writers.append(
                _link(at, self._select(self.plan.title(attr)), record_url(attr.target))
            )
        elif attr.kind == "money":
            column = currency_column(self.plan, attr)
            if column is not None:
                self._currency_at[number] = self._select(column)
            self._writers.append(_plain(at))
        elif attr.form == "phone":
            self._writers.append(_written(at, phone_text))
        elif attr.codes is not None:
            self._writers.append(_written(at, attr.codes.name))
        elif attr.is_structured:
            self._writers.append(_written(at, lambda value: _short(in_words(attr.column, value))))
        elif attr.kind == "text":
            self._writers.append(_written(at, lambda value: _short(told(attr.column, value))))
        else:
            self._writers.append(_plain(at))

    def _select(self, column: Any) -> int:
        """Add a column to the SELECT.

        Returns its place in the row, after id, sort_value and tie_value.
        """
        self.selected.append(column.label(f"c{len(self.selected)}"))
        return len(self.selected) + 2

    def currencies(self, rows: Sequence[Any]) -> dict[int, str]:
        """By column: the currency that stands in its head, because all rows have it."""
        heads: dict[int, str] = {}
        for number, attr in enumerate(self.attrs):
            if attr.kind != "money":
                continue
            at = self._currency_at.get(number)
            found = {row[at] for row in rows} if at is not None else {reader().currency}
            if len(found) == 1:
                heads[number] = found.pop() or ""
        return heads

    def cells(self, row: Any, heads: dict[int, str]) -> list[Cell]:
        """Return the cells of one row."""
        cells = [write(row) for write in self._writers]
        for number, at in self._currency_at.items():
            if number not in heads:
                cells[number] = Cell(cells[number].value, currency=row[at] or "")
        return cells


def _short(value: Any) -> Any:
    return value[: LONGEST - 1] + "…" if isinstance(value, str) and len(value) > LONGEST else value


def _plain(at: int) -> Writer:
    return lambda row: Cell(row[at])


def _written(at: int, write: Callable[[Any], Any]) -> Writer:
    return lambda row: Cell(write(row[at])) if row[at] else Cell(row[at])


def _link(at: int, title_at: int, prefix: str) -> Writer:
    def write(row: Any) -> Cell:
        pk = row[at]
        if pk is None:
            return _NOTHING
        return Cell(called(row[title_at], pk), url=f"{prefix}{pk}" if prefix else "")

    return write


_NOTHING = Cell(None)


def column_head(attr: Attr, *, kind: Kind | None = None, sort_url: str = "", **more: Any) -> Column:
    """Return the head of a column."""
    return Column(
        attr.name, attr.label, kind or attr.shown_as, sort_url=sort_url, hint=attr.help, **more
    )


def has_archive(model: type[Any]) -> bool:
    return "archived_at" in table_of(model).c
