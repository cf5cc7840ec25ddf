"""Names with values: a row for each, and an empty one to begin the next."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.kit import key_values
from app.kit.errors import Invalid
from app.kit.screens.composite_fields.base import BLANK, GroupField, numbers_sent
from app.kit.screens.fields import plain
from app.kit.screens.pages import Text
from app.kit.texts import one_line

_ONE_INPUT = 60
"""Longer values, and those of several lines, have an area instead of an input."""


@dataclass(slots=True)
class PairRow:
    """One pair as typed. `was` is the name that the record knows it by; None for a new one."""

    name: str
    key: str = ""
    value: str = ""
    was: str | None = None
    error: str = ""
    at_fault: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.key or self.value)

    @property
    def is_long(self) -> bool:
        return len(self.value) > _ONE_INPUT or "\n" in self.value


class PairsField(GroupField):
    """Pairs. What was not changed in the form stays the kind of value that a program made it."""

    group = "pairs"

    def show(self, value: dict[str, Any]) -> None:
        self.rows = [
            PairRow(f"{self.name}-{number}", one_line(key), key_values.as_text(one), key)
            for number, (key, one) in enumerate(value.items())
        ]
        self.blank = PairRow(f"{self.name}-{BLANK}")

    @property
    def labels(self) -> tuple[Text, Text]:
        """What the two columns are called: `info["pairs"]`."""
        said: tuple[Text, Text] = self.attr.column.info.get("pairs", (_("Name"), _("Value")))
        return said

    @property
    def rows_and_next(self) -> list[PairRow]:
        """The rows, and the empty one at the end."""
        numbers = [int(row.name.rpartition("-")[2]) for row in self.rows]
        return [*self.rows, PairRow(f"{self.name}-{max(numbers, default=-1) + 1}")]

    def take(self, formdata: Any) -> dict[str, Any]:
        before, made = {_unix(key): key for key in self.held}, dict[str, Any]()
        self.rows = []
        for number in numbers_sent(formdata, f"{self.name}-"):
            row = _row_sent(formdata, f"{self.name}-{number}")
            if row.is_blank:
                continue
            self.rows.append(row)
            try:
                self._add(row, before.get(row.was or "") if row.was is not None else None, made)
            except Invalid as error:
                row.error = str(error.message)
                said = f"{row.key[:40]}: {row.error}" if row.key else row.error
                self.wrong.append((f"{row.name}-{row.at_fault}", said))
        if len(made) > len(before):
            self._check_number(made)
        return made

    def _add(self, row: PairRow, was: str | None, made: dict[str, Any]) -> None:
        """Add a row to the pairs; `was` is the record's own name for it. Raises Invalid."""
        row.at_fault = "name"
        kept = was is not None and row.key == one_line(was)
        key = was if kept and was is not None else row.key
        if not kept:
            key_values.check_name(key)
        if key in made:
            raise Invalid(_("This name is there twice."))
        row.at_fault = "value"
        before = self.held.get(was) if was is not None else None
        if was is not None and row.value == plain(key_values.as_text(before)):
            made[key] = before
        else:
            made[key] = key_values.read_value(row.value, before)
            key_values.check_value(made[key])
        row.at_fault = ""

    def _check_number(self, made: dict[str, Any]) -> None:
        try:
            key_values.check_number(made)
        except Invalid as error:
            self.wrong.append((self.id, str(error.message)))


def _row_sent(formdata: Any, name: str) -> PairRow:
    def sent(part: str) -> str:
        return str(formdata.get(f"{name}-{part}", ""))

    was = formdata.get(f"{name}-was")
    key, value = one_line(plain(sent("name"))), plain(sent("value"))
    return PairRow(name, key, value, None if was is None else _unix(was))


def _unix(text: str) -> str:
    """Return a text with newlines as they were before a browser sent it."""
    return text.replace("\r\n", "\n")
