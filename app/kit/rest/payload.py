"""Taking what a caller sent: JSON, checked field by field; ids are checked under the policies."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import abort, request
from flask_babel import gettext as _
from sqlalchemy import false, literal, select, union_all
from sqlalchemy.orm import Session

from app.kit.codes import country_or_none
from app.kit.errors import Invalid
from app.kit.phone import phones_of
from app.kit.problems import MOST_TOLD
from app.kit.rest.query_parameters import BadRequest
from app.kit.rest.schema_validation import allows
from app.kit.rest.values import ApiField, refuse_odd_texts
from app.kit.screens.attrs import Attr, mapper_of, resolve, table_of, why_gone
from app.kit.screens.elements import MOST_LINES

EXPONENTS = range(-330, 309)
"""Of a number in JSON: those of a float, which keeps it."""


class Errors(dict[str, list[str]]):
    """What is wrong, by field. `unfit` when something is not of the form that is described.

    No more than `MOST_TOLD`: once it is `full` nothing more need be looked at.
    """

    unfit = False
    full = False

    def add(self, name: str, words: str, *, unfit: bool = True) -> None:
        """Note one sentence. One that knows of other records is not `unfit`."""
        self.unfit = self.unfit or unfit
        if len(self) >= MOST_TOLD and name[:200] not in self:
            self.full = True
            return
        said = self.setdefault(name[:200], [])
        if words not in said:
            said.append(words)


class Merged(dict[str, Any]):
    """What a `patch` that was sent makes of an object of a record."""

    def __init__(self, made: Mapping[str, Any], patch: Mapping[str, Any]) -> None:
        super().__init__(made)
        self.patch = patch


class FieldErrors(Invalid):
    """Several fields are wrong at once.

    Of the kind "fields" when the description of the API forbids what was sent: a fault of the
    program, not of what somebody has typed.
    """

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        said = _("Some fields are not valid.")
        if getattr(errors, "full", False):
            said = _("Some fields are not valid. The first %(number)s are named.", number=MOST_TOLD)
        super().__init__(said)
        self.kind = "fields" if getattr(errors, "unfit", True) else ""
        self.errors = {name: list(texts) for name, texts in errors.items()}


def columns(model: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values under the names of the model's columns."""
    found = {}
    for name, value in values.items():
        attr = resolve(model, name)
        key = mapper_of(model).get_property_by_column(attr.column).key
        found[key] = value
    return found


def taken(
    body: Mapping[str, Any],
    fields: Mapping[str, ApiField],
    errors: Errors,
    prefix: str,
) -> dict[str, Any]:
    """Return the values of one object, checked; what is wrong goes to `errors`.

    Phones are read in the country that stands beside them.
    """
    country = body.get("country")
    if isinstance(country, str) and (said := country_or_none(country)):
        with phones_of(said):
            return _taken(body, fields, errors, prefix)
    return _taken(body, fields, errors, prefix)


def _taken(
    body: Mapping[str, Any],
    fields: Mapping[str, ApiField],
    errors: Errors,
    prefix: str,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, raw in body.items():
        if errors.full:
            break
        field = fields.get(name)
        if field is None:
            errors.add(f"{prefix}{name}"[:100], _("There is no such field."))
            continue
        if raw is None:
            if not field.attr.nullable:
                errors.add(prefix + name, _("This is needed."))
            values[name] = None
            continue
        try:
            values[name] = field.write(raw)
        except Invalid as error:
            errors.add(prefix + name, str(error.message), unfit=not is_formed(field, raw))
        else:
            # Null of a member that there cannot be leaves nothing to see in what comes out.
            if isinstance(raw, Merged) and not is_formed(field, raw):
                errors.add(prefix + name, _("There is no such field."))
    return values


def is_formed(field: ApiField, raw: Any) -> bool:
    """Whether a value is of the form that is described for what was sent."""
    if isinstance(raw, Merged):
        return allows(field.patched, raw.patch)
    return allows(field.sent, raw)


def lines_of(
    raw: Any,
    fields: Mapping[str, ApiField],
    errors: Errors,
    name: str,
    known: Mapping[int, Any],
) -> list[dict[str, Any]]:
    """Return the values of a list of objects, checked like `taken`.

    One with an `id` is one of the `known` lines, to be changed; each is named once.
    """
    if isinstance(raw, list) and len(raw) > MOST_LINES:
        errors.add(name, _("At most %(number)s lines.", number=MOST_LINES))
        return []
    if not isinstance(raw, list) or not all(isinstance(x, dict) for x in raw):
        errors.add(name, _("Send a list of objects."))
        return []
    lines: list[dict[str, Any]] = []
    named: set[int] = set()
    for number, line in enumerate(raw):
        if errors.full:
            break
        prefix = f"{name}.{number}."
        # A line that was read may be sent back as it is, its own version with it.
        flat = {key: value for key, value in line.items() if key != "id"}
        if "id" in line and type(flat.pop("version", 1)) is not int:
            errors.add(f"{prefix}version", _("Send a whole number."))
        values = taken(flat, fields, errors, prefix)
        if "id" in line:
            pk = line["id"]
            if isinstance(pk, bool) or not isinstance(pk, int) or pk not in known or pk in named:
                errors.add(f"{prefix}id", _("This does not exist."), unfit=False)
            else:
                named.add(pk)
                values["id"] = pk
        else:
            _ask_for_the_rest(line, fields, errors, prefix)
        lines.append(values)
    return lines


def _ask_for_the_rest(
    line: Mapping[str, Any],
    fields: Mapping[str, ApiField],
    errors: Errors,
    prefix: str,
) -> None:
    for one, field in fields.items():
        if one not in line and field.attr.required:
            errors.add(prefix + one, _("This is needed."))


def is_nothing(raw: Any) -> bool:
    """Whether a value says nothing: null, or a text of spaces."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def assign(session: Session, obj: Any, values: Mapping[str, Any]) -> None:
    """Set the values on a stored record; what its relations have loaded before is forgotten."""
    for key, value in columns(type(obj), values).items():
        setattr(obj, key, value)
    relations = [name for name in values if resolve(type(obj), name).target is not None]
    if relations:
        session.expire(obj, relations)


Named = tuple[str, Attr, int]
"""A record that a value points to: the field that names it, what the field is, the id."""


def links(values: Mapping[str, Any], fields: Mapping[str, ApiField], prefix: str) -> list[Named]:
    """Return which records the values point to."""
    return [
        (prefix + name, fields[name].attr, value)
        for name, value in values.items()
        if value is not None and name in fields and fields[name].attr.target is not None
    ]


def check_links(
    session: Session, links: Sequence[Named], errors: Errors, *, kept: Collection[str] = ()
) -> None:
    """Refuse ids that the caller cannot see, and archived records that may not be named any more.

    One query for all tables; nothing is ever made here. The fields `kept` may name archived ones.
    """
    wanted: dict[Any, set[int]] = {}
    for _name, attr, pk in links:
        wanted.setdefault(attr.target, set()).add(pk)
    if not wanted:
        return
    rows = session.execute(union_all(*(_asked(target, ids) for target, ids in wanted.items())))
    known = {(row[0], row[1]): bool(row[2]) for row in rows}
    for name, attr, pk in links:
        gone = known.get((getattr(attr.target, "__name__", ""), pk))
        if gone is None:
            errors.add(name, _("This does not exist."), unfit=False)
        elif name not in kept and (why := why_gone(attr, gone=gone)):
            errors.add(name, why, unfit=False)


def _asked(target: type[Any], ids: Collection[int]) -> Any:
    """Return the SELECT of these records: name of the model, id, whether it is archived."""
    table = table_of(target)
    gone = table.c.archived_at.is_not(None) if "archived_at" in table.c else false()
    return select(literal(target.__name__), table.c.id, gone.label("gone")).where(
        table.c.id.in_(ids)
    )


def merged(model: type[Any], obj: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with its objects merged into the record's own (RFC 7396), if there is one.

    Null takes a member away. Lists, and so lines, stand for the whole list.
    """
    found = dict(body)
    names = {
        column.key: attr.key for attr in mapper_of(model).column_attrs for column in attr.columns
    }
    for name, raw in body.items():
        if isinstance(raw, dict) and name in names:
            present = getattr(obj, names[name], None)
            found[name] = Merged(_merge(present if isinstance(present, dict) else {}, raw), raw)
    return found


def _merge(present: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(present)
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            inner = found.get(name)
            found[name] = _merge(inner if isinstance(inner, dict) else {}, value)
        else:
            found[name] = value
    return found


MERGE_PATCH = "application/merge-patch+json"


def json_body(*also: str) -> dict[str, Any]:
    """Return the request's JSON object, numbers with a point as exact decimals.

    `also` are further media types. Raises BadRequest or 415.
    """
    if request.mimetype not in ("application/json", "text/json", *also):
        abort(415)
    try:
        found = json.loads(request.get_data(), parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(_("The body is not valid JSON.")) from error
    if not isinstance(found, dict):
        raise BadRequest(_("Send a JSON object."))
    refuse_odd_texts(found)
    return found


def _number(raw: str) -> Decimal:
    """Return a number as it stands there. Raises ValueError for one that nothing here can hold."""
    try:
        found = Decimal(raw)
    except InvalidOperation as error:
        raise ValueError(raw[:40]) from error
    if found and (found.adjusted() not in EXPONENTS or not math.isfinite(float(found))):
        raise ValueError(raw[:40])
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)
