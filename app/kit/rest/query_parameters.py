"""What a caller asks of a list: FAB's rison (or JSON) in `q` and plain parameters, read strictly.

What is not known is refused by name: a filter that is misspelt must not give all records.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
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
LONGEST_SEARCH = 200
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


_PARTS = {"col", "opr", "value"}
PLAIN = ("q", "next", "page_size", "search", "expand", "changed_since")


class BadRequest(CrmError):
    """The question itself could not be read."""

    status = 400


class Question(BadRequest):
    """The question can be read and has no answer here: no such filter, field or order."""

    kind = "question"


class UnknownParameter(BadRequest):
    """Parameters that this address does not know."""

    def __init__(self, names: Collection[str]) -> None:
        shown = sorted(name[:60] for name in names)
        super().__init__(_("There is no parameter “%(name)s”.", name=shown[0]))
        words = _("This parameter is not known here.")
        self.errors = {name: [words] for name in shown[:20]}


@dataclass(frozen=True, slots=True)
class Query:
    """The question, checked for its form; whether fields exist is asked elsewhere."""

    filters: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    order: str = ""
    size: int = SIZE
    columns: tuple[str, ...] = ()
    next: str = ""
    words: str = ""
    expand: str = ""
    changed_since: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)


def only(*names: str) -> dict[str, str]:
    """Return the request's parameters. Raises BadRequest for others, and for one said twice."""
    if unknown := [name for name in request.args if name not in names]:
        raise UnknownParameter(unknown)
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadRequest(_("Send “%(name)s” once.", name=name), field=name)
    return request.args.to_dict()


def asked(codes: Collection[str] = (), plain: Collection[str] = PLAIN) -> Query:
    """Read the request's `q` and the plain parameters; `codes` are further ones.

    Raises BadRequest.
    """
    args = only(*plain, *codes)
    try:
        refuse_odd_texts(args)
    except Invalid as error:
        raise BadRequest(error.message) from error
    found = _from_q(args)
    return replace(
        found,
        expand=args.get("expand", ""),
        changed_since=args.get("changed_since"),
        codes={name: args[name] for name in codes if name in args},
    )


def _from_q(args: Mapping[str, str]) -> Query:
    raw = args.get("q")
    given: Any = {}
    if raw:
        given = _loads(raw)
        if not isinstance(given, dict):
            raise Question(_("“q” must be an object."))
        if unknown := set(given) - _KEYS:
            raise Question(_("“q” has no “%(name)s”.", name=min(map(str, unknown))))
    given = dict(given)
    for name in ("next", "search"):
        if name not in given and args.get(name):
            given[name] = args[name]
    if "page_size" not in given and "page_size" in args:
        given["page_size"] = _number(args["page_size"])
    try:
        refuse_odd_texts(given)
    except Invalid as error:
        raise BadRequest(error.message) from error
    return _read(given)


def asked_in(body: Mapping[str, Any]) -> Query:
    """Read which records a body means: its filters and search. Raises BadRequest."""
    if unknown := set(body) - {"filters", "search"}:
        raise BadRequest(_("“%(name)s” is not known here.", name=min(unknown)[:60]))
    return _read(body)


def _number(raw: str) -> int | None:
    return int(raw[:9]) if raw.isascii() and raw.isdigit() else None


def _loads(raw: str) -> Any:
    for loads in (prison.loads, json.loads):
        try:
            return loads(raw)
        except Exception:  # noqa: BLE001, S112 -- the parser raises whatever it stumbles over
            continue
    raise Question(_("“q” is neither rison nor JSON."))


def _read(given: Mapping[str, Any]) -> Query:
    page = given.get("page", 0)
    if page not in (0, -1) or isinstance(page, bool):
        raise Question(_("Pages have no numbers: send back “next”."))
    size = given.get("page_size", SIZE)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise BadRequest(_("“page_size” must be a number above zero."), field="page_size")
    columns = given.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
        raise Question(_("“columns” must be a list of names."))
    order, direction = given.get("order_column", ""), given.get("order_direction", "asc")
    if not isinstance(order, str) or direction not in ("asc", "desc"):
        raise Question(_("The order could not be read."))
    next_, words = given.get("next", ""), given.get("search", "")
    if not isinstance(next_, str) or not isinstance(words, str):
        raise Question(_("“next” and “search” must be texts."))
    if len(words) > LONGEST_SEARCH:
        sentence = _("At most %(number)s characters.", number=LONGEST_SEARCH)
        raise BadRequest(sentence, field="search")
    return Query(
        filters=_filters(given.get("filters", [])),
        order=f"-{order}" if order and direction == "desc" else order,
        size=min(size, LARGEST),
        columns=tuple(columns),
        next=next_,
        words=words,
    )


def _filters(given: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(given, list) or len(given) > MOST_FILTERS:
        raise Question(_("“filters” must be a list of at most %(number)s.", number=MOST_FILTERS))
    found = []
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("col"), str) or one.keys() - _PARTS:
            raise Question(_("A filter is an object with col, opr and value."))
        operator = one.get("opr", "is")
        if not isinstance(operator, str):
            raise Question(_("A filter is an object with col, opr and value."))
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
    raise Question(_("A filter's value is a text, a number or a list of them."))
