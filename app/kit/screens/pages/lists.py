"""Lists: columns, rows, filters and what is done with ticked rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.kit.plurals import Counted
from app.kit.screens.pages.common import Action, Empty, FilterKind, Kind, Page, Text, Tone


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `sort_url` makes its head a link; `wide` hides it on phones."""

    name: str
    label: Text
    kind: Kind = "text"
    sort_url: str = ""
    sorted: Literal["asc", "desc"] | None = None
    wide: bool = False
    currency: str = ""
    """Of a money column, where all rows have the same; then it stands once, in the head."""
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value.

    `extra` is a second, smaller line (first column and availability only); `tags` are free labels.
    """

    value: object = None
    url: str = ""
    tone: Tone = ""
    extra: Text = ""
    tags: Sequence[Text] = ()
    currency: str = ""
    """Of a money value whose column has none; it is written at the amount."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list.

    `cells` in the order of the columns, `label` its name for a screen reader.
    """

    id: str
    cells: Sequence[Cell]
    label: Text = ""
    url: str = ""
    actions: Sequence[Action] = ()
    version: int | None = None
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, as a sentence: "Last order is **in the last 90 days**".

    Tone `bad`: it could not be read.

    `field`, `operator` and `values` are what the editor opens with; without `field` the chip can
    only be removed.
    """

    subject: Text
    value: Text
    remove_url: str
    field: str = ""
    operator: str = ""
    values: Sequence[str] = ()
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class FilterOperator:
    """`is`, `is not`, `more than` …; `takes` says how many values it wants."""

    name: str
    label: Text
    takes: Literal["none", "one", "two", "many"] = "one"


@dataclass(frozen=True, slots=True, eq=False)
class FilterField:
    """A field that can be filtered by, for the editor.

    `choices` are (value, label), or a function that gives them in the reader's language and order;
    `lookup_url` for long lists. Told apart by identity, so that what
    was written of one can be kept.
    """

    name: str
    label: Text
    kind: FilterKind
    operators: Sequence[FilterOperator]
    choices: Sequence[tuple[str, Text]] | Callable[[], Sequence[tuple[str, Text]]] = ()
    lookup_url: str = ""
    group: Text = ""
    """Heading in the list of fields."""


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A saved view of a list, shown as a tab.

    `delete` is offered when it is current and the reader's own.
    """

    name: Text
    url: str
    count: Text | int | None = None
    current: bool = False
    delete: Action | None = None


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that can be shown or hidden in the View panel, in the order of the table."""

    name: str
    label: Text
    shown: bool
    locked: bool = False
    """Cannot be hidden (the first column)."""


@dataclass(frozen=True, slots=True)
class ViewPanel:
    """The View panel: which columns, and saving all of it under a name."""

    columns: Sequence[ColumnChoice]
    save_url: str = ""
    can_share: bool = False


@dataclass(frozen=True, slots=True)
class BulkButton:
    """Something done with the ticked rows. `{n}` in `confirm` becomes their number."""

    name: str
    label: Text
    icon: str = ""
    danger: bool = False
    confirm: Text | Counted = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """Previous and next, never page numbers.

    `first` and `last` are row numbers, when they are known.
    """

    previous_url: str = ""
    next_url: str = ""
    first: int | None = None
    last: int | None = None
    count_text: Text = ""
    """"more than 10,000", "212"; use the filter `capped`."""


@dataclass(frozen=True, kw_only=True)
class ListPage(Page):
    """A list: tresen/list.html, or tresen/fragment/list.html inside a tab of another record.

    Give either rows or `empty`; with `error` (an unreadable filter) there are no rows.
    """

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    count_text: Text = ""
    caption: Text = ""
    """For screen readers: "Clients, sorted by last order, newest first". Default: the title."""
    views: Sequence[ViewTab] = ()
    searchable: bool = True
    search_name: str = "q"
    search_value: str = ""
    search_hint: Text = ""
    """Placeholder: "Name, phone, email, number"."""
    keep: Sequence[tuple[str, str]] = ()
    """The other query parameters in force (filters, columns, order): a search keeps them."""
    filters: Sequence[FilterField] = ()
    chips: Sequence[Chip] = ()
    clear_url: str = ""
    view: ViewPanel | None = None
    bulk: Sequence[BulkButton] = ()
    bulk_url: str = ""
    matches: int | None = None
    """How many rows match, for "Select all that match".

    None when it is more than the count's cap.
    """
    pager: Pager = field(default_factory=Pager)
    add_url: str = ""
    add_label: Text = ""
    """"New client"; shown as the page's primary button unless `primary` is given."""
    export_url: str = ""
    export_all_url: str = ""
    """The same rows with every column that the reader may see."""
    empty: Empty | None = None
    error: Text = ""
    totals: Mapping[str, Cell] = field(default_factory=dict)
    """By column name; the last row of the table."""
    totals_label: Text = ""
