"""Small things that the templates ask for.

Attributes of cells, groups of cards, the data behind the editors.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import get_locale
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from app.kit.screens.pages import Card, FilterField, FormError, KvCard, SlipCard, SmsMeter

CUT = 160


def brief(value: object) -> object:
    """Return a text cut to what a list can show; the record itself shows all of it."""
    if isinstance(value, Markup) or not isinstance(value, str) or len(value) <= CUT:
        return value
    return value[: CUT - 1].rstrip() + "…"


def card_groups(cards: Iterable[Card]) -> Iterator[list[tuple[int, Card]]]:
    """Cards in groups.

    Facts and slips that follow each other stand side by side, everything else alone.
    """
    group: list[tuple[int, Card]] = []
    for number, card in enumerate(cards, 1):
        narrow = isinstance(card, KvCard | SlipCard)
        if not narrow and group:
            yield group
            group = []
        if narrow:
            group.append((number, card))
        else:
            yield [(number, card)]
    if group:
        yield group


def filter_json(fields: Sequence[FilterField]) -> Markup:
    """Return the fields of a list for the filter editor, as JSON that may stand in a script."""
    return _filter_json(tuple(fields), str(get_locale()))


def _choices(field: FilterField) -> Sequence[tuple[str, Any]]:
    return field.choices() if callable(field.choices) else field.choices


@lru_cache(maxsize=1024)
def _filter_json(fields: tuple[FilterField, ...], _tongue: str) -> Markup:
    """Return it for a language; fields are the same objects from page to page."""
    return htmlsafe_json_dumps(
        [
            {
                "name": field.name,
                "label": str(field.label),
                "kind": field.kind,
                "group": str(field.group),
                "lookup": field.lookup_url,
                "choices": [[value, str(label)] for value, label in _choices(field)],
                "operators": [[one.name, str(one.label), one.takes] for one in field.operators],
            }
            for field in fields
        ],
        ensure_ascii=False,
    )


def meter_json(meter: SmsMeter) -> str:
    """Return what the SMS meter counts with."""
    return json.dumps(
        {
            "recipients": meter.recipients,
            "price": float(meter.price) if meter.price is not None else None,
            "currency": meter.currency,
            "longest": dict(meter.longest),
            "sample": dict(meter.sample),
        },
        ensure_ascii=False,
    )


def _own_errors(field: Any) -> list[str]:
    """Return the errors of a field, flat: WTForms nests those of lists and enclosed forms."""
    errors = field.errors
    if isinstance(errors, dict):
        return [str(text) for texts in errors.values() for text in texts]
    return [str(text) for text in errors if not isinstance(text, dict | list | tuple)]


def _lines_of(field: Any, name: str) -> list[FormError]:
    """Return the lines of the summary for one field, each leading to the control at fault."""
    parts = {sentence: part for part, sentence in getattr(field, "wrong", ())}
    return [FormError(f"{name}: {text}", parts.get(text, field.id)) for text in _own_errors(field)]


def form_errors(page: Any) -> list[FormError]:
    """Return the summary over a form: what the page says, then each field's own errors."""
    found = list(page.errors)
    for section in [*page.sections, *([page] if getattr(page, "message", None) else [])]:
        if hasattr(section, "columns"):
            found += [FormError(text) for text in section.errors]
            for number, row in enumerate(section.rows, 1):
                for field in row:
                    found += _lines_of(field, f"{section.title} {number}, {field.label.text}")
            continue
        for place in getattr(section, "fields", None) or getattr(section, "message", None) or ():
            found += _lines_of(place.field, place.field.label.text)
    for field in page.hidden:
        found += [FormError(text) for text in _own_errors(field)]
    return found


def hash8(value: object) -> str:
    """Return a short name made of any text, for ids."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:8]


def language_link(code: str) -> str:
    """Return this page in another language, for readers who are not signed in: `?lang=de`."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    return "?" + urlencode([*pairs, ("lang", code)])


FILTERS = {
    "brief": brief,
    "card_groups": card_groups,
    "filter_json": filter_json,
    "hash8": hash8,
    "meter_json": meter_json,
}
GLOBALS = {"form_errors": form_errors, "language_link": language_link}
