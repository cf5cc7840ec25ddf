"""The record's own texts in other languages: an input for each language and text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.kit.codes import language_name
from app.kit.screens.attrs import longest_of
from app.kit.screens.composite_fields.base import GroupField
from app.kit.screens.fields import LONG_TEXTS, plain
from app.kit.screens.json_formats import texts_of
from app.kit.screens.pages import Text


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
