"""Form fields by the kind of their column.

They read what people type, and say in words what is wrong.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import Field
from wtforms.widgets import CheckboxInput, HiddenInput, Select, TextArea, TextInput

from app.kit.access import reader
from app.kit.choices import Choice
from app.kit.codes import Codes, country_or_none
from app.kit.column_validation import UNKEPT, fit
from app.kit.database.session import db
from app.kit.email_address import normalise_email
from app.kit.errors import Invalid
from app.kit.money_text import parse_amount
from app.kit.phone import phones_of, read_phone
from app.kit.screens.attrs import Attr, apart_title_of, longest_of, table_of, why_gone
from app.kit.screens.paging import read_id

LONG_TEXTS = {"note", "description", "comment", "text"}
"""Columns of several lines, whether or not they say so."""


class PlainField(Field):  # type: ignore[misc]  # WTForms is untyped
    """A text. Subclasses read and write it; what they refuse becomes the field's error."""

    widget = TextInput()
    control_kind = "text"

    def __init__(self, label: Any, checks: Any, attr: Attr, **options: Any) -> None:
        super().__init__(label, checks, **options)
        self.attr = attr
        self.raw = ""

    def _value(self) -> str:
        return self.raw if self.raw_data is not None else self.write(self.data)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        if not valuelist:
            return
        self.raw = str(valuelist[0])
        text = plain(self.raw)
        if UNKEPT.search(self.raw):
            self.data = None
            raise ValueError(_("A text holds characters that cannot be kept."))
        if self.object_data is not None and text == plain(self.write(self.object_data)):
            # Shown and sent back: no rounding on the way to the page counts as a change.
            self.data = self.object_data
            return
        self.data = None
        if not text:
            self.data = None if self.attr.nullable else self.nothing()
            return
        try:
            self.data = self.read(text)
        except Invalid as error:
            raise ValueError(str(error.message)) from error

    def nothing(self) -> Any:
        """Return what an empty field means where NULL is not allowed; None makes it required."""
        return None

    def write(self, value: Any) -> str:
        return "" if value is None else str(value)

    def read(self, text: str) -> Any:
        longest = longest_of(self.attr.column)
        if len(text) > longest:
            raise Invalid(_("At most %(number)s characters.", number=longest))
        return text


def plain(text: str) -> str:
    """Return a text as it is kept: without NUL and outer space, newlines as UNIX has them."""
    return text.replace("\x00", "").replace("\r\n", "\n").strip()


class TextField(PlainField):
    """One line."""

    def nothing(self) -> str:
        return ""


class LongField(TextField):
    """Several lines."""

    widget = TextArea()
    control_kind = "textarea"


class PhoneField(PlainField):
    """A phone number, kept as E.164."""

    def write(self, value: Any) -> str:
        return str(value or "")

    beside: str | None = None

    def process(self, formdata: Any, *rest: Any, **options: Any) -> None:
        # The country of what is typed in the same form: a supplier's phone is at home there.
        name = f"{self.name.removesuffix(self.attr.key)}country"
        self.beside = formdata.get(name) if formdata is not None else None
        super().process(formdata, *rest, **options)

    def read(self, text: str) -> str:
        with phones_of(country_or_none(self.beside)):
            return read_phone(text, db.session())


class EmailField(PlainField):
    """An email address in lower case."""

    def read(self, text: str) -> str:
        return normalise_email(text)


class MoneyField(PlainField):
    """An amount as the reader's language writes it."""

    control_kind = "number"

    def write(self, value: Any) -> str:
        if value is None:
            return ""
        places = max(2, -int(Decimal(value).normalize().as_tuple().exponent))
        pattern = "0." + "0" * places
        return format_decimal(value, pattern, locale=str(get_locale() or "en"))

    def read(self, text: str) -> Decimal:
        return parse_amount(text)


class IntegerField(PlainField):
    """A whole number within its column's range."""

    control_kind = "number"

    def read(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError as error:
            raise Invalid(_("“%(text)s” is not a whole number.", text=text[:40])) from error
        fit(self.attr.column, number)
        return number


class DecimalField(PlainField):
    """A number with decimals."""

    control_kind = "number"

    def write(self, value: Any) -> str:
        if value is None:
            return ""
        return format_decimal(value, "0.########", locale=str(get_locale() or "en"))

    def read(self, text: str) -> Decimal:
        plain = text.replace(" ", "").replace("\u00a0", "").replace("\u2212", "-")
        if plain.count(",") == 1 and "." not in plain:
            plain = plain.replace(",", ".")
        try:
            number = Decimal(plain)
        except InvalidOperation as error:
            raise Invalid(_("“%(text)s” is not a number.", text=text[:40])) from error
        if not number.is_finite():
            raise Invalid(_("“%(text)s” is not a number.", text=text[:40]))
        fit(self.attr.column, number)
        return number


class DateField(PlainField):
    """A day."""

    control_kind = "date"

    def write(self, value: Any) -> str:
        return value.isoformat() if value else ""

    def read(self, text: str) -> date:
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise Invalid(
                _("“%(text)s” is not a date. Write it like 2026-11-21.", text=text[:40])
            ) from error
        fit(self.attr.column, day)
        return day


class MomentField(PlainField):
    """A moment: typed and shown on the reader's clocks, kept in UTC."""

    control_kind = "datetime"

    def write(self, value: Any) -> str:
        if not value:
            return ""
        return str(value.astimezone(ZoneInfo(reader().time_zone)).strftime("%Y-%m-%dT%H:%M"))

    def read(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            said = _(
                "“%(text)s” is not a date and time. Write it like 2026-11-21 14:30.", text=text[:40]
            )
            raise Invalid(said) from error
        fit(self.attr.column, moment)
        place = ZoneInfo(reader().time_zone)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=place)
        return aware.astimezone(UTC)


class BoolField(PlainField):
    """Yes or no."""

    widget = CheckboxInput()
    control_kind = "checkbox"

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        self.data = bool(valuelist) and str(valuelist[0]) not in ("", "0", "false")

    def _value(self) -> str:
        return "y"


class ChoiceField(PlainField):
    """One of a few."""

    widget = Select()
    control_kind = "select"

    @property
    def members(self) -> type[Choice]:
        return cast("type[Choice]", self.attr.choices)

    def iter_choices(self) -> Iterator[tuple[str, Any, bool, dict[str, Any]]]:
        if self.attr.nullable:
            yield "", "", self.data is None, {}
        for member in self.members:
            if member in self.attr.offered or member == self.data:
                yield member.value, member.label, member == self.data, {}

    def has_groups(self) -> bool:
        return False

    def read(self, text: str) -> Choice:
        found = next((one for one in self.attr.offered if one.value == text), None)
        if found is None:
            raise Invalid(_("Choose one of the list."))
        return found


class CodeField(PlainField):
    """A country, a language, a currency or a time zone, by its name."""

    widget = Select()
    control_kind = "select"

    @property
    def codes(self) -> Codes:
        return cast("Codes", self.attr.codes)

    def iter_choices(self) -> Iterator[tuple[str, Any, bool, dict[str, Any]]]:
        if self.attr.nullable or not self.data:
            yield "", "", not self.data, {}
        options = self.codes.options()
        if self.data and self.data not in {code for code, _label in options}:
            # A program has sent it, or it is older than the list: it stays until it is changed.
            yield self.data, self.data, True, {}
        for code, label in options:
            yield code, label, code == self.data, {}

    def has_groups(self) -> bool:
        return False

    def read(self, text: str) -> str:
        return self.codes.read(text)


class RemoteField(PlainField):
    """A record chosen by typing.

    Loads nothing to be drawn but the chosen one; a POST loads that one row, under the policies, and
    an unknown id is the field's error.
    """

    widget = Select()
    control_kind = "remote"

    lookup_url = ""
    """Where the browser asks for records: the bound form says it."""

    @property
    def lookup_within(self) -> str:
        return self.attr.within

    def iter_choices(self) -> Iterator[tuple[str, Any, bool, dict[str, Any]]]:
        if self.data is not None:
            yield str(self.data.id), apart_title_of(self.data), True, {}

    def has_groups(self) -> bool:
        return False

    def write(self, value: Any) -> str:
        return "" if value is None else str(value.id)

    def read(self, text: str) -> Any:
        target = cast("type[Any]", self.attr.target)
        found, pk = None, read_id(text)
        if pk is not None:
            table = table_of(target)
            found = db.session.scalars(select(target).where(table.c.id == pk)).one_or_none()
        if found is None:
            raise Invalid(_("Choose one of the list."))
        why = why_gone(self.attr, gone=getattr(found, "archived_at", None) is not None)
        if why and found is not self.object_data:
            raise Invalid(why)
        return found


class TagsField(PlainField):
    """Several words, parted by commas."""

    def nothing(self) -> Any:
        return []

    def write(self, value: Any) -> str:
        return ", ".join(map(str, value or ()))

    def read(self, text: str) -> list[str]:
        return [word for part in text.split(",") if (word := part.strip())][:100]


class TextHidden(Field):  # type: ignore[misc]  # WTForms is untyped
    """A hidden value of the form."""

    widget = HiddenInput()
    control_kind = "hidden"

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)
