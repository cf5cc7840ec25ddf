"""One record: its cards, its tabs and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeAlias

from app.kit.screens.pages.common import Action, Badge, Kind, Page, Step, Text, Tone
from app.kit.screens.pages.lists import Cell, Column, Row


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value.

    `kind` as in Column. Empty values are shown as a dash, or left out by the screen.
    """

    label: Text
    value: object
    kind: Kind = "text"
    url: str = ""
    tone: Tone = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class KvCard:
    """Facts of a record: one per fieldset."""

    template: ClassVar[str] = "kv"
    title: Text
    facts: Sequence[Fact]
    hint: Text = ""
    badge: Badge | None = None
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class SlipLine:
    """A line of a slip; `amount` is a finished text, or a Decimal with `currency`.

    `url` leads to the rows that the amount is the sum of.
    """

    label: Text
    amount: object
    currency: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class SlipCard:
    """Wherever sums are explained: dotted leaders and a double rule over the result."""

    template: ClassVar[str] = "slip"
    title: Text
    lines: Sequence[SlipLine]
    total: SlipLine | None = None
    note: Text = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class TableCard:
    """A short table in a card. `totals` as in ListPage. `all_url` leads to the whole list."""

    template: ClassVar[str] = "table"
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Mapping[str, Cell] = field(default_factory=dict)
    totals_label: Text = ""
    hint: Text = ""
    all_url: str = ""
    footer: Text = ""
    empty: Text = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class LazyCard:
    """A card whose body is fetched from `url` when it comes into view (a related list, a count)."""

    template: ClassVar[str] = "lazy"
    title: Text
    url: str
    count: Text | int | None = None
    all_url: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class HtmlCard:
    """Anything else: `html` is Markup that the screen built."""

    template: ClassVar[str] = "html"
    title: Text
    html: Text
    hint: Text = ""
    actions: Sequence[Action] = ()


Card: TypeAlias = KvCard | SlipCard | TableCard | LazyCard | HtmlCard


@dataclass(frozen=True, slots=True)
class Tab:
    """A further tab of a record.

    Its content is fetched from `url` when it is opened (an HTML fragment).
    """

    name: str
    label: Text
    url: str
    count: Text | int | None = None


@dataclass(frozen=True, kw_only=True)
class ShowPage(Page):
    """One record: tresen/show.html. The first tab holds `cards`; `tabs` are the others."""

    cards: Sequence[Card] = ()
    aside: Sequence[Card] = ()
    path: Sequence[Step] = ()
    path_at: int = 0
    """Index of the present step."""
    first_tab: Text = ""
    """Label of the first tab; default "Overview"."""
    tabs: Sequence[Tab] = ()
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that changed."""

    label: Text
    before: object
    after: object
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of a timeline or of the history tab, newest first."""

    at: datetime
    text: Text
    who: Text = ""
    icon: str = "note"
    quote: Text = ""
    """What a person wrote."""
    changes: Sequence[FieldChange] = ()


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """The content of a history tab: tresen/fragment/history.html."""

    entries: Sequence[HistoryEntry]
    older_url: str = ""
    """Fetches the next entries."""
    empty: Text = ""
