"""What a caller asks of a list: FAB's rison (or JSON) in `q`, read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import prison
from flask import request
from flask_babel import gettext as _

from app.kit.errors import CrmError, Invalid
from app.kit.rest.values import refuse_odd_texts

MOST_FILTERS = 20
SIZE = 25
LARGEST = 100
# FAB's names of operators, by ours. `eq` is what each kind calls its equality.
SYNONYMS = {"gt": "more", "lt": "less", "sw": "starts", "in": "is", "rel_o_m": "is", "neq": "not"}
_KEYS = {
    "filters",
    "order_column",
    "order_direction",
    "page",
    "page_size",
    "columns",
    "next",
    "search",
}


class BadRequest(CrmError):
    """The question itself could not be read."""

    status = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, checked for its form; whether fields exist is asked elsewhere."""

    filters: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    order: str = ""
    size: int = SIZE
    columns: tuple[str, ...] = ()
    next: str = ""
    words: str = ""


def asked() -> Asked:
    """Read the request's `q`, or the plain parameters next, page_size and search.

    Raises BadRequest.
    """
    raw = request.args.get("q")
    given: Any = {}
    if raw:
        given = _loads(raw)
        if not isinstance(given, dict):
            raise BadRequest(_("“q” must be an object."))
        if unknown := set(given) - _KEYS:
            raise BadRequest(_("“q” has no “%(name)s”.", name=min(map(str, unknown))))
    given = dict(given)
    for name in ("next", "search"):
        if name not in given and request.args.get(name):
            given[name] = request.args[name]
    if "page_size" not in given and request.args.get("page_size", "").isdecimal():
        given["page_size"] = int(request.args["page_size"][:9])
    try:
        refuse_odd_texts(given)
    except Invalid as error:
        raise BadRequest(error.message) from error
    return _read(given)


def asked_in(body: Mapping[str, Any]) -> Asked:
    """Read which records a body means: its filters and search. Raises BadRequest."""
    if unknown := set(body) - {"filters", "search"}:
        raise BadRequest(_("“%(name)s” is not known here.", name=min(unknown)[:60]))
    return _read(body)


def _loads(raw: str) -> Any:
    for loads in (prison.loads, json.loads):
        try:
            return loads(raw)
        except Exception:  # noqa: BLE001, S112 -- the parser raises whatever it stumbles over
            continue
    raise BadRequest(_("“q” is neither rison nor JSON."))


def _read(given: Mapping[str, Any]) -> Asked:
    page = given.get("page", 0)
    if page not in (0, -1) or isinstance(page, bool):
        raise BadRequest(_("Pages have no numbers: send back “next”."))
    size = given.get("page_size", SIZE)
    if isinstance(size, bool) or not isinstance(size, int):
        raise BadRequest(_("“page_size” must be a number."))
    columns = given.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
        raise BadRequest(_("“columns” must be a list of names."))
    order, direction = given.get("order_column", ""), given.get("order_direction", "asc")
    if not isinstance(order, str) or direction not in ("asc", "desc"):
        raise BadRequest(_("The order could not be read."))
    next_, words = given.get("next", ""), given.get("search", "")
    if not isinstance(next_, str) or not isinstance(words, str):
        raise BadRequest(_("“next” and “search” must be texts."))
    return Asked(
        filters=_filters(given.get("filters", [])),
        order=f"-{order}" if order and direction == "desc" else order,
        size=min(max(size, 1), LARGEST),
        columns=tuple(columns),
        next=next_,
        words=words[:200],
    )


def _filters(given: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(given, list) or len(given) > MOST_FILTERS:
        raise BadRequest(_("“filters” must be a list of at most %(number)s.", number=MOST_FILTERS))
    found = []
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("col"), str):
            raise BadRequest(_("A filter is an object with col, opr and value."))
        operator = one.get("opr", "is")
        if not isinstance(operator, str):
            raise BadRequest(_("A filter is an object with col, opr and value."))
        value = one.get("value", [])
        values = value if isinstance(value, list) else [value]
        found.append(
            (one["col"], SYNONYMS.get(operator, operator), tuple(_text(x) for x in values))
        )
    return tuple(found)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    raise BadRequest(_("A filter's value is a text, a number or a list of them."))
