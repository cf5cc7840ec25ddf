"""Fields of several controls that make one value: opening hours, texts in other languages.

Their inputs are named `<field>-<part>`; nothing of them needs a script. What was typed wrong stays
as it was typed, with its sentence beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from wtforms.utils import unset_value

from app.kit import opening_hours
from app.kit.errors import Invalid
from app.kit.screens.attrs import longest_of
from app.kit.screens.fields import LONG_TEXTS, PlainField, plain
from app.kit.screens.pages import Text
from app.kit.screens.shapes import language_name, texts_of

BLANK = "__i__"


class GroupField(PlainField):
    """Several controls. Subclasses take the value apart (`show`) and put it together (`take`)."""

    control_kind = "group"
    group = ""
    """The macro of tresen/groups.html that draws it."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Take the parts from what was sent; a form without any of them leaves the value alone."""
        super().process(None, data, extra_filters)
        self.wrong: list[tuple[str, str]] = []
        """(id of the control, sentence) of each part that could not be read."""
        self.show(self.data if isinstance(self.data, dict) else {})
        if formdata is None or not any(key.startswith(f"{self.name}-") for key in formdata):
            return
        self.raw_data: list[Any] = []
        made = self.take(formdata)
        if self.wrong:
            self.process_errors = [sentence for _id, sentence in self.wrong]
        elif not self.is_same(made):
            self.data = made

    def show(self, value: dict[str, Any]) -> None:
        """Make the parts of a value."""
        raise NotImplementedError

    def take(self, formdata: Any) -> dict[str, Any]:
        """Return the value of the parts that were sent; what is wrong goes to `wrong`."""
        raise NotImplementedError

    def is_same(self, made: dict[str, Any]) -> bool:
        """Whether the record says the same already, if in another form."""
        return bool(made == (self.data or {}))

    @property
    def own_errors(self) -> list[str]:
        """The errors that belong to none of the parts."""
        said = {sentence for _id, sentence in self.wrong}
        return [text for text in self.errors if text not in said]


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
        indexes = {
            k.removeprefix(prefix).partition("-")[0] for k in formdata if k.startswith(prefix)
        }
        numbers = sorted(
            int(one) for one in indexes if one.isascii() and one.isdigit() and len(one) < 6
        )
        self.dates = []
        for number in numbers:
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


@dataclass(slots=True)
class TextPart:
    """One text in one language."""

    name: str
    label: Text
    value: str
    long: bool
    column: str
    code: str
    error: str = ""


class TextsField(GroupField):
    """The record's texts in other languages: an input for each language and text."""

    group = "texts"

    def show(self, value: dict[str, Any]) -> None:
        columns = texts_of(self.attr.column)
        codes = dict.fromkeys((*current_app.config["LANGUAGES"], *value))
        self.languages = [
            (language_name(code), list(self._parts(code, _texts(value.get(code), columns))))
            for code in codes
        ]

    def _parts(self, code: str, texts: dict[str, str]) -> Iterable[TextPart]:
        for name, column in texts_of(self.attr.column).items():
            yield TextPart(
                f"{self.name}-{code}-{name}",
                column.info.get("label", name),
                texts.get(name, ""),
                column.info.get("format") == "long" or name in LONG_TEXTS,
                name,
                code,
            )

    def parts(self) -> list[TextPart]:
        """Return the inputs of all languages."""
        return [part for _language, parts in self.languages for part in parts]

    def take(self, formdata: Any) -> dict[str, Any]:
        columns = texts_of(self.attr.column)
        made: dict[str, dict[str, str]] = {}
        for language, parts in self.languages:
            for part in parts:
                if part.name in formdata:
                    part.value = plain(formdata[part.name])
                longest = longest_of(columns[part.column])
                if len(part.value) > longest:
                    part.error = _("At most %(number)s characters.", number=longest)
                    self.wrong.append((part.name, f"{language}, {part.label}: {part.error}"))
                if part.value:
                    made.setdefault(part.code, {})[part.column] = part.value
        return made


def _texts(value: Any, columns: Sequence[str] | dict[str, Any]) -> dict[str, str]:
    """Return the texts of one language, whatever an older row holds under it."""
    if isinstance(value, dict):
        return {name: str(text) for name, text in value.items() if text}
    return {next(iter(columns)): str(value)} if value else {}
