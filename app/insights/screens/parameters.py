"""What the address of a page asks for: which days, against what, whose sales, which figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.insights.queries import periods
from app.insights.queries.figures import Scope, Spans
from app.insights.queries.periods import Period, Step
from app.kit.errors import Invalid
from app.kit.screens.paging import BIGGEST_ID

UNKNOWN = "-"
"""The country that is not known, in an address."""
NOT_A_COUNTRY = "?"
"""What nothing was ever sold to: stands for a country that cannot be read."""
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Asked:
    """One address, read. `problems` are sentences about what could not be read."""

    preset: str
    spans: Spans
    step: Step
    show: str
    scope: Scope
    store: str = ""
    country: str = ""
    year: bool = False
    chosen_step: bool = False
    problems: tuple[str, ...] = ()
    base: str = field(default="", compare=False)

    def parameters(self) -> dict[str, str]:
        """Return what brings somebody back here; what is usual is left out."""
        found = {"period": self.preset} if self.preset != periods.USUAL else {}
        if self.preset == CUSTOM:
            found = {"from": str(self.spans.now.first), "to": str(self.spans.now.last)}
        found |= {"compare": "year"} if self.year else {}
        found |= {"by": self.step} if self.chosen_step else {}
        found |= {"show": self.show} if self.show else {}
        found |= {"store": self.store} if self.store else {}
        found |= {"country": self.country} if self.country else {}
        return found

    def url(self, **changes: str) -> str:
        """Return this page with something else asked for; an empty text takes it away."""
        if "period" in changes or "from" in changes:
            changes = {"period": "", "from": "", "to": "", "by": ""} | changes
        wanted = {k: v for k, v in (self.parameters() | changes).items() if v}
        return f"{self.base}?{urlencode(wanted)}" if wanted else self.base

    def about(self, period: Period, *, store: str = "", country: str | None = None) -> str:
        """Return the query of another page about these days and the same sales."""
        wanted = {"from": str(period.first), "to": str(period.last)}
        wanted["store"] = store or self.store
        wanted["country"] = self.country if country is None else country or UNKNOWN
        return urlencode({k: v for k, v in wanted.items() if v})


def read(
    args: MultiDict[str, str],
    *,
    today: date,
    stores: Mapping[int, tuple[str, int | None]],
    base: str = "",
    shows: tuple[str, ...] = (),
) -> Asked:
    """Read the query string. What cannot be read is a sentence and widens nothing."""
    problems: list[str] = []
    preset, period = _period(args, today, problems)
    step, year = args.get("by", ""), args.get("compare") == "year"
    store, country = args.get("store", ""), args.get("country", "").strip()
    scope = Scope(_store_ids(store, stores, problems), _country(country, problems))
    show = args.get("show", "")
    return Asked(
        preset=preset,
        spans=Spans(period, _shift(period, year=year)),
        step=step if step in periods.STEPS else periods.usual_step(period),  # type: ignore[arg-type]
        show=show if show in shows else "",
        scope=scope,
        store=store,
        country=country,
        year=year,
        chosen_step=step in periods.STEPS,
        problems=tuple(problems),
        base=base,
    )


def _period(args: MultiDict[str, str], today: date, problems: list[str]) -> tuple[str, Period]:
    first, last = args.get("from", ""), args.get("to", "")
    if first or last:
        try:
            return CUSTOM, periods.given(first, last)
        except Invalid as wrong:
            problems.append(str(wrong.message))
    name = args.get("period", periods.USUAL)
    if name not in periods.PRESETS:
        name = periods.USUAL
    return name, periods.preset(name, today)


def _shift(period: Period, *, year: bool) -> int:
    """So many days earlier: right before, or the same days of the week a year ago."""
    if not year:
        return period.days
    return periods.YEAR


def _store_ids(
    store: str, stores: Mapping[int, tuple[str, int | None]], problems: list[str]
) -> tuple[int, ...] | None:
    if not store:
        return None
    kind, number = ("f", store[1:]) if store.startswith("f") else ("", store)
    if number.isascii() and number.isdigit() and int(number) <= BIGGEST_ID:
        wanted = int(number)
        if kind == "f":
            found = tuple(pk for pk, (_name, franchise) in stores.items() if franchise == wanted)
        else:
            found = (wanted,) if wanted in stores else ()
        if found:
            return found
    problems.append(_("This store is not there, or not yours to see."))
    return ()


def _country(country: str, problems: list[str]) -> str | None:
    if not country:
        return None
    if country == UNKNOWN:
        return ""
    if len(country) == 2 and country.isascii() and country.isalpha() and country.isupper():
        return country
    problems.append(_("“%(value)s” is not a country.", value=country[:20]))
    return NOT_A_COUNTRY
