"""The page of a dashboard, made of what was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.company.models import Franchise
from app.insights.queries import periods
from app.insights.queries.figures import Both
from app.insights.screens import wording
from app.insights.screens.links import Links
from app.insights.screens.measures import BY_NAME, Measure, measures_for, tiles_for
from app.insights.screens.parameters import NOT_A_COUNTRY, UNKNOWN, Asked
from app.insights.screens.reading import Reading, today_of
from app.kit.events.models import EventDelivery, EventDeliveryState
from app.kit.fold import fold
from app.kit.screens.pages import (
    Card,
    Cell,
    Column,
    ControlMenu,
    DashboardPage,
    Figure,
    Link,
    Note,
    Row,
    SlipCard,
    SlipLine,
    StatTile,
    TableCard,
    Text,
)
from app.web import formats

# A chart with more bars is read by nobody; the report has them all.
MOST_BARS = 15


@dataclass(frozen=True, slots=True)
class Dropdown:
    """A select of the form; options are (group, [(value, label)])."""

    name: str
    label: Text
    options: list[tuple[str, list[tuple[str, Text]]]]
    current: str


@dataclass(frozen=True, kw_only=True)
class SalesPage(DashboardPage):
    """A dashboard with a form above it: whose sales, which figure, which days."""

    form_url: str
    sentence: Text
    choices: list[Dropdown]
    hidden: list[tuple[str, str]] = field(default_factory=list)
    first: str = ""
    last: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)


def page(session: Session, found: Reading) -> SalesPage:
    """Return the whole page."""
    asked, links = found.asked, Links(found.asked)
    known, choices = asked.parameters(), _choices(session, found)
    days = {"period", "from", "to", "by"}
    shown = {"store", "country", "show", "by"}
    return SalesPage(
        title=_("Hello, %(name)s", name=found.who.name),
        facts=_facts(session, found),
        notes=[Note(problem, "bad") for problem in asked.problems],
        controls=_controls(asked),
        tiles=_tiles(found, links),
        figures=_figures(found, links),
        aside=_aside(found, links),
        form_url=asked.base,
        sentence=_sentence(found, choices),
        choices=choices,
        hidden=[(name, value) for name, value in known.items() if name not in shown],
        kept=[(name, value) for name, value in known.items() if name not in days],
        first=str(asked.spans.now.first),
        last=str(asked.spans.now.last),
    )


def _facts(session: Session, found: Reading) -> str:
    """Which days these are, and whether something that happened is still to come."""
    today = today_of(found.who)
    said = [wording.days_in_words(found.asked.spans.now, today)]
    owed = select(func.count()).where(
        EventDelivery.subscriber == "insights.facts", EventDelivery.state != EventDeliveryState.DONE
    )
    if waiting := session.scalar(owed):
        said.append(
            ngettext(
                "%(n)s event is still to be counted",
                "%(n)s events are still to be counted",
                waiting,
                n=formats.number(waiting),
            )
        )
    return " · ".join(said)


def _controls(asked: Asked) -> list[ControlMenu]:
    presets = [Link(label, asked.url(period=name)) for name, label in periods.PRESETS.items()]
    current = periods.PRESETS.get(asked.preset) or _("Other days")
    other = [
        Link(_("The days before"), asked.url(compare="")),
        Link(_("The same weekdays last year"), asked.url(compare="year")),
    ]
    return [
        ControlMenu(_("Period"), presets, current, "calendar"),
        ControlMenu(_("Compare with"), other, wording.compared(asked), quiet=True),
    ]


def _choices(session: Session, found: Reading) -> list[Dropdown]:
    asked = found.asked
    measures = [(one.name, one.label) for one in measures_for(money=found.money)]
    steps: list[tuple[str, Text]] = [(name, label) for name, label in periods.STEPS.items()]
    everything: list[tuple[str, Text]] = [("", _("All countries"))]
    # The chosen one too, where nothing was sold to it: the form says what is asked for.
    codes = {*found.countries, asked.scope.country} - {None, NOT_A_COUNTRY}
    names = {code: wording.country_name(code) for code in codes if code is not None}
    countries = [(code or UNKNOWN, names[code]) for code in sorted(names, key=_by(names))]
    return [
        Dropdown("show", _("Figure"), [("", measures)], found.measure.name),
        Dropdown("by", _("Grouped"), [("", steps)], asked.step),
        Dropdown("store", _("Store"), _stores(session, found), asked.store),
        Dropdown("country", _("Country"), [("", everything + countries)], asked.country),
    ]


def _sentence(found: Reading, choices: list[Dropdown]) -> str:
    """Return what is shown, in words: Revenue, by day · All stores · Germany."""
    said = []
    for one in choices:
        options = [option for _group, group in one.options for option in group]
        said += [str(label) for value, label in options if value == one.current][:1]
    return " · ".join([_lines_title(found), *said[2:]])


def _by(names: dict[str, str]) -> Callable[[str], str]:
    """Return the key by which Österreich stands beside Oman."""
    return lambda code: fold(names[code])


def _lines_title(found: Reading) -> str:
    figure = found.measure.label
    if found.asked.step == "month":
        return _("%(figure)s by month", figure=figure)
    if found.asked.step == "week":
        return _("%(figure)s by week", figure=figure)
    return _("%(figure)s by day", figure=figure)


def _stores(session: Session, found: Reading) -> list[tuple[str, list[tuple[str, Text]]]]:
    """All stores, then franchises, then each store."""
    groups: list[tuple[str, list[tuple[str, Text]]]] = [("", [("", _("All stores"))])]
    used = {franchise for _name, franchise in found.stores.values() if franchise}
    if used:
        rows = session.execute(
            select(Franchise.id, Franchise.name)
            .where(Franchise.id.in_(used))
            .order_by(Franchise.name_fold)
        )
        groups.append((_("Franchises"), [(f"f{row.id}", row.name) for row in rows]))
    stores: list[tuple[str, Text]] = [
        (str(pk), name) for pk, (name, _franchise) in found.stores.items()
    ]
    return [*groups, (_("Stores"), stores)]


def _tiles(found: Reading, links: Links) -> list[StatTile]:
    return [_tile(found, links, measure) for measure in tiles_for(money=found.money)]


def _tile(found: Reading, links: Links, measure: Measure) -> StatTile:
    now = found.value(measure, found.total.now)
    before = found.value(measure, found.total.before)
    written = wording.amount(before, measure, found.who.currency)
    return StatTile(
        measure.label,
        wording.amount(now, measure, found.who.currency),
        links.rows(measure, found.asked.spans.now),
        wording.change(now, before),
        wording.tone(measure, now, before),
        _("from %(before)s", before=written),
        links.rows(measure, found.asked.spans.before) if before else "",
    )


def _figures(found: Reading, links: Links) -> list[Figure | Card]:
    return [_line(found, links), _by_store(found, links), _by_country(found, links)]


def _columns(found: Reading, first: Text) -> list[Column]:
    measure, asked = found.measure, found.asked
    now = periods.PRESETS.get(asked.preset) or wording.days_in_words(
        asked.spans.now, today_of(found.who)
    )
    kind, currency = ("money", found.who.currency) if measure.money else ("num", "")
    return [
        Column("key", first),
        Column("now", now, kind, currency=currency),  # type: ignore[arg-type]
        Column("before", wording.earlier(asked), kind, currency=currency),  # type: ignore[arg-type]
    ]


def _line(found: Reading, links: Links) -> Figure:
    asked, measure, today = found.asked, found.measure, today_of(found.who)
    rows = []
    for start in asked.spans.now.starts(asked.step):
        days = asked.spans.now.bucket(start, asked.step)
        both = found.by_step.get(start, Both())
        cells = [
            Cell(wording.bucket_name(days, asked.step, today)),
            _cell(found, both.now, links.rows(measure, days)),
            _cell(found, both.before, links.rows(measure, days.earlier(asked.spans.shift))),
        ]
        rows.append(Row(str(start), cells))
    return Figure(
        "by-step",
        _lines_title(found),
        _columns(found, _("Days")),
        rows if any(_has(found, both) for both in found.by_step.values()) else (),
        chart="line" if len(rows) > 1 else "bar",
    )


def _cell(found: Reading, figures: Any, url: str) -> Cell:
    value = found.value(found.measure, figures)
    return Cell(value, url=url if value else "")


def _has(found: Reading, both: Both) -> bool:
    return bool(found.value(found.measure, both.now) or found.value(found.measure, both.before))


def _bars(found: Reading, parts: dict[Any, Both]) -> list[tuple[Any, Both]]:
    """Return the longest bars, longest first."""
    shown = [(key, both) for key, both in parts.items() if _has(found, both)]
    shown.sort(key=lambda one: (-(found.value(found.measure, one[1].now) or 0), str(one[0])))
    return shown[:MOST_BARS]


def _of_all(found: Reading, rows: list[Any], parts: dict[Any, Both]) -> str:
    shown = sum(1 for both in parts.values() if _has(found, both))
    return _("%(n)s of %(all)s", n=len(rows), all=shown) if len(rows) < shown else ""


def _by_store(found: Reading, links: Links) -> Figure:
    now, before = found.asked.spans.now, found.asked.spans.before
    rows = [
        Row(
            str(pk),
            [
                Cell(found.stores.get(pk, ("", None))[0]),
                _cell(found, both.now, links.rows(found.measure, now, store=pk)),
                _cell(found, both.before, links.rows(found.measure, before, store=pk)),
            ],
        )
        for pk, both in _bars(found, found.by_store)
    ]
    return Figure(
        "by-store",
        _("%(figure)s by store", figure=found.measure.label),
        _columns(found, _("Store")),
        rows,
        chart="bar",
        hint=_of_all(found, rows, found.by_store),
        full=False,
    )


def _by_country(found: Reading, links: Links) -> Figure:
    now, before = found.asked.spans.now, found.asked.spans.before
    rows = [
        Row(
            code or UNKNOWN,
            [
                Cell(wording.country_name(code)),
                _cell(found, both.now, links.rows(found.measure, now, country=code)),
                _cell(found, both.before, links.rows(found.measure, before, country=code)),
            ],
        )
        for code, both in _bars(found, found.by_country)
    ]
    return Figure(
        "by-country",
        _("%(figure)s by country", figure=found.measure.label),
        _columns(found, _("Country")),
        rows,
        chart="bar",
        hint=_of_all(found, rows, found.by_country),
        full=False,
    )


def _aside(found: Reading, links: Links) -> list[Card | Figure]:
    slip = [_slip(found, links)] if found.money else []
    return [*slip, _best_sellers(found, links)]


def _best_sellers(found: Reading, links: Links) -> TableCard:
    columns = [Column("product", _("Product"), "lead"), Column("units", _("Sold"), "num")]
    if found.money:
        columns.append(Column("revenue", _("Revenue"), "money", currency=found.who.currency))
    rows = []
    for one in found.sellers:
        moved = formats.change(
            *((one.revenue, one.revenue_before) if found.money else (one.units, one.units_before))
        )
        cells = [Cell(one.name, extra=moved), Cell(one.units)]
        cells += [Cell(one.revenue)] if found.money else []
        url = links.lines(one.product_id, found.asked.spans.now)
        rows.append(Row(str(one.product_id), cells, label=one.name, url=url))
    return TableCard(_("Best sellers"), columns, rows, empty=_("Nothing was sold in this time."))


def _slip(found: Reading, links: Links) -> SlipCard:
    now, days, currency = found.total.now, found.asked.spans.now, found.who.currency
    returns = links.rows(BY_NAME["returned"], days) if now.returns else ""
    adjustments = links.adjustments(days) if now.adjustments else ""
    lines = [
        SlipLine(_("Orders"), now.revenue, currency, links.orders(days) if now.orders else ""),
        SlipLine(_("Returns"), -now.returned, currency, returns),
        SlipLine(_("Adjustments"), now.adjusted, currency, adjustments),
    ]
    return SlipCard(_("From orders to net"), lines, SlipLine(_("Net"), now.net, currency))
