"""Figures and charts, and what a search over everything found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.kit.screens.pages.common import Badge, ChartKind, Empty, Link, Page, Text, Tone
from app.kit.screens.pages.lists import Cell, Column, Row
from app.kit.screens.pages.records import Card


@dataclass(frozen=True, slots=True)
class StatTile:
    """A figure. `value` is a finished text; the label leads to the rows behind it.

    `change` names its unit ("▲ 12.4 %", "▲ 0.6 points"; see the filter `change`), `against` what it
    is against; `against_url` leads to the rows behind that.
    """

    label: Text
    value: Text
    url: str = ""
    change: Text = ""
    tone: Tone = ""
    against: Text = ""
    against_url: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its table; the chart is drawn from the table, so that they cannot differ.

    The first column holds the names along the axis, each further column is a series (the second
    one, "before", is drawn dashed in a line chart). Cells carry plain numbers; `Cell.url`, or else
    `Row.url`, is where a click goes. A heatmap is one row per day and one column per hour. A pie
    takes the first series.
    """

    id: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Row]
    chart: ChartKind = "line"
    hint: Text = ""
    all_url: str = ""
    empty: Text = ""
    full: bool = True
    """The whole width; else half."""
    totals: Mapping[str, Cell] = field(default_factory=dict)
    totals_label: Text = ""


@dataclass(frozen=True, slots=True)
class ControlMenu:
    """A choice over a whole page (period, comparison, store): links, one of them current."""

    label: Text
    items: Sequence[Link]
    current: Text
    icon: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class DashboardPage(Page):
    """tresen/dashboard.html."""

    controls: Sequence[ControlMenu] = ()
    tiles: Sequence[StatTile] = ()
    figures: Sequence[Figure | Card] = ()
    aside: Sequence[Card | Figure] = ()


@dataclass(frozen=True, slots=True)
class SearchHit:
    title: Text
    url: str
    text: Text = ""
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """What was found of one kind; `more_url` leads to the list with the same search."""

    label: Text
    icon: str
    hits: Sequence[SearchHit]
    more_url: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchPage(Page):
    """The search over everything: tresen/search.html."""

    query: str
    groups: Sequence[SearchGroup] = ()
    empty: Empty | None = None
