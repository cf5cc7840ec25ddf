"""What all fields of several controls have in common."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from wtforms.utils import unset_value

from app.kit.column_validation import UNKEPT
from app.kit.screens.fields import PlainField

BLANK = "__i__"
"""Stands for the number of a row that the script has not put in yet."""


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
        self.show(self.held)
        if formdata is None or not any(key.startswith(f"{self.name}-") for key in formdata):
            return
        self.raw_data: list[Any] = []
        made = self.take(formdata)
        self.wrong += [
            (key, _("A text holds characters that cannot be kept."))
            for key in formdata
            if key.startswith(f"{self.name}-") and UNKEPT.search(str(formdata[key]))
        ]
        if self.wrong:
            self.process_errors = [sentence for _id, sentence in self.wrong]
        elif not self.is_same(made):
            self.data = made or (None if self.attr.nullable else made)

    @property
    def held(self) -> dict[str, Any]:
        """The record's value; nothing in place of what is older than the rules of its format."""
        return self.data if isinstance(self.data, dict) else {}

    def show(self, value: dict[str, Any]) -> None:
        """Make the parts of a value."""
        raise NotImplementedError

    def take(self, formdata: Any) -> dict[str, Any]:
        """Return the value of the parts that were sent; what is wrong goes to `wrong`."""
        raise NotImplementedError

    def is_same(self, made: dict[str, Any]) -> bool:
        """Whether the record says the same already, if in another form."""
        return made == self.held

    @property
    def own_errors(self) -> list[str]:
        """The errors that belong to none of the parts."""
        said = {sentence for at, sentence in self.wrong if at != self.id}
        return [text for text in self.errors if text not in said]


def numbers_sent(formdata: Any, prefix: str) -> Iterator[int]:
    """Yield the numbers of the rows that were sent as `<prefix><number>-<part>`, in order."""
    indexes = {k.removeprefix(prefix).partition("-")[0] for k in formdata if k.startswith(prefix)}
    yield from sorted(
        int(one) for one in indexes if one.isascii() and one.isdigit() and len(one) < 6
    )
