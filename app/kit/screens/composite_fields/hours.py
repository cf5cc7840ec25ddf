"""Opening hours: a row for each day of the week, and as many dates as are different."""

from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any

from flask_babel import gettext as _

from app.kit import opening_hours
from app.kit.errors import Invalid
from app.kit.screens.composite_fields.base import BLANK, GroupField, numbers_sent
from app.kit.screens.fields import plain
from app.kit.screens.pages import Text


@dataclass(slots=True)
class HoursRow:
    """One day: of the week, or a date. `name` begins the names of its inputs."""

    name: str
    label: Text = ""
    spans: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    closed: bool = False
    day: str = ""
    error: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.closed or self.day or any(any(span) for span in self.spans))

    def read(self) -> list[list[str]]:
        """Return the spans. Raises Invalid with a sentence."""
        if self.closed:
            return []
        found = []
        for opens, closes in self.spans:
            if not opens and not closes:
                continue
            if not opens or not closes:
                raise Invalid(_("Say both when it opens and when it closes."))
            found.append([opening_hours.read_time(opens), opening_hours.read_time(closes)])
        opening_hours.check_spans(found)
        return found


class HoursField(GroupField):
    """Opening hours: a row for each day of the week, and as many dates as are different."""

    group = "hours"

    def show(self, value: dict[str, Any]) -> None:
        said = any(day in value for day in opening_hours.DAYS)
        self.week = [self._row(day, value.get(day), closed=said) for day in opening_hours.DAYS]
        dated = value.get(opening_hours.EXCEPTIONS) or {}
        self.dates = [
            self._row(f"on-{number}", dated[day], closed=True, day=day)
            for number, day in enumerate(sorted(dated))
        ]
        self.blank = HoursRow(f"{self.name}-on-{BLANK}")

    def _row(self, part: str, spans: Any, *, closed: bool, day: str = "") -> HoursRow:
        label = opening_hours.day_name(part) if part in opening_hours.DAYS else ""
        row = HoursRow(f"{self.name}-{part}", label, closed=closed and not spans, day=day)
        if isinstance(spans, list) and all(isinstance(one, list | tuple) for one in spans):
            row.spans = [(str(one[0]), str(one[-1])) for one in spans if one] or row.spans
        return row

    def take(self, formdata: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for day, row in zip(opening_hours.DAYS, self.week, strict=True):
            if f"{row.name}-from" in formdata:
                self._take_row(formdata, row)
            spans = self._read(row, row.label)
            if not row.is_blank:
                made[day] = spans
        dated = self._take_dates(formdata)
        return opening_hours.tidy({**made, opening_hours.EXCEPTIONS: dated})

    def _take_row(self, formdata: Any, row: HoursRow) -> None:
        opens, closes = formdata.getlist(f"{row.name}-from"), formdata.getlist(f"{row.name}-to")
        pairs = zip_longest(opens, closes, fillvalue="")
        spans = [(_short(one), _short(other)) for one, other in pairs]
        row.spans = [span for span in spans if any(span)] or [("", "")]
        row.closed = bool(formdata.get(f"{row.name}-closed"))
        row.day = _short(formdata.get(f"{row.name}-date", ""))

    def _take_dates(self, formdata: Any) -> dict[str, Any]:
        prefix, dated = f"{self.name}-on-", dict[str, Any]()
        self.dates = []
        for number in numbers_sent(formdata, prefix):
            row = HoursRow(f"{prefix}{number}")
            self._take_row(formdata, row)
            if row.is_blank:
                continue
            self.dates.append(row)
            spans = self._read(row, row.day)
            if not row.error and (wrong := _wrong_date(row, dated)):
                self._refuse(row, row.day, "date" if not row.day else "from", wrong)
            dated[row.day] = spans
        if len(self.dates) > opening_hours.MOST_EXCEPTIONS:
            self.wrong.append((self.id, _("At most one year of dates can be kept.")))
        return dated

    def _read(self, row: HoursRow, name: Text) -> list[list[str]]:
        try:
            return row.read()
        except Invalid as error:
            self._refuse(row, name, "from", str(error.message))
            return []

    def _refuse(self, row: HoursRow, name: Text, part: str, sentence: str) -> None:
        row.error = sentence
        self.wrong.append((f"{row.name}-{part}", f"{name}: {sentence}" if name else sentence))

    def is_same(self, made: dict[str, Any]) -> bool:
        try:
            return bool(made == opening_hours.tidy(self.data or {}))
        except (AttributeError, TypeError, ValueError):
            return False


def _short(text: str) -> str:
    return plain(text)[:40]


def _wrong_date(row: HoursRow, dated: dict[str, Any]) -> str:
    """Say what is wrong with the date of a row; empty if nothing is."""
    if not row.day:
        return _("Say which day.")
    try:
        row.day = date.fromisoformat(row.day).isoformat()
    except ValueError:
        return _("“%(text)s” is not a date. Write it like 2026-11-21.", text=row.day)
    if row.day in dated:
        return _("This day is there twice.")
    if not row.closed and not any(any(span) for span in row.spans):
        return _("Say from when until when, or that it is closed.")
    return ""
