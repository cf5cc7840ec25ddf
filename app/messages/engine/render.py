"""Texts that people of the company write: few words of a language, plain values, hard limits.

What the language has is said in `grammar.py`; a text that says more is refused when it is saved,
shown or sent, with its line. A text stored earlier that is refused today stops its own sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid
from app.messages.engine.filters import RenderError, shown
from app.messages.engine.grammar import Compiled, Frame, TemplateRefused, compile_source

__all__ = [
    "MOST_OUTPUT", "MOST_SOURCE", "RenderError", "Template", "UnreadableText", "check", "longest",
    "plain", "refuse_too_long", "unknown_of",
]  # fmt: skip

MOST_SOURCE = 200_000
MOST_OUTPUT = 500_000
_MOST_ITEMS = 200
_MOST_KEPT, _LONGEST_KEPT = 256, 20_000


class UnreadableText(Invalid):
    """A text that the language does not allow."""


def refuse_too_long(*sources: str) -> None:
    """Raise UnreadableText for a source that is longer than any may be."""
    if any(len(source) > MOST_SOURCE for source in sources):
        raise UnreadableText(_l("This text is too long."))


class Template:
    """One source that was read. Rendering costs some microseconds for a short text."""

    def __init__(self, source: str, *, html: bool = False, most: int = MOST_OUTPUT) -> None:
        """Read it. Raises Invalid with the line where it is too long, wrong or says too much."""
        refuse_too_long(source)
        try:
            read = _kept if len(source) <= _LONGEST_KEPT else _read
            made = read(source, html=html)
        except TemplateRefused as error:
            raise UnreadableText(
                _l("Line %(line)s: %(what)s", line=error.line, what=error.words)
            ) from error
        self.variables = made.variables
        self._write, self._most = made.write, most
        self._same: str | None = None

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text. Raises RenderError for a missing value or a result beyond the limit."""
        if self._same is not None:
            return self._same
        made = self._render(values)
        if not self.variables:
            self._same = made
        return made

    def _render(self, values: Mapping[str, Any]) -> str:
        frame = Frame(dict(values), self._most)
        try:
            self._write(frame)
        except RenderError:
            raise
        except Exception as error:  # a text may fail in any way; none may stop the run
            raise RenderError(f"{type(error).__name__}: {error}"[:300]) from error
        return "".join(frame.parts)


def _read(source: str, *, html: bool) -> Compiled:
    return compile_source(source, html=html)


# A preview and a check read the same texts for each client they look at.
_kept = lru_cache(maxsize=_MOST_KEPT)(_read)


def check(
    source: str, known: frozenset[str], *, html: bool = False, field: str | None = None
) -> frozenset[str]:
    """Return the variables of a source about to be saved.

    Raises Invalid, naming the line and `field`, when it cannot be read or one is unknown.
    """
    try:
        variables = Template(source, html=html).variables
    except UnreadableText as error:
        raise UnreadableText(error.message, field=field) from error
    unknown = unknown_of(variables - known)
    if unknown:
        raise Invalid(_l("Unknown variable: %(names)s", names=unknown), field=field)
    return variables


def unknown_of(names: frozenset[str]) -> str:
    """Return the names for a sentence, which stays readable however many and long they are."""
    return ", ".join(name[:60] for name in sorted(names)[:10])


def plain(value: Any, _level: int = 0) -> Any:
    """Return the value as plain types; what is none becomes text. No object reaches a template."""
    if value is None or type(value) in (str, int, bool, float, Decimal):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if _level < 4 and isinstance(value, Mapping):
        return {str(key): plain(item, _level + 1) for key, item in value.items()}
    if _level < 4 and isinstance(value, (list, tuple)):
        return [plain(item, _level + 1) for item in value[:_MOST_ITEMS]]
    return str(value)


def longest(samples: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return for each variable the longest value met: what a length or cost check must expect."""
    found: dict[str, Any] = {}
    for sample in samples:
        for name, value in sample.items():
            if name not in found or len(str(shown(value))) > len(str(shown(found[name]))):
                found[name] = value
    return found
