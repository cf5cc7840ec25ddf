"""The page on which a segment is put together, with its count while it is being written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.models import Product
from app.clients.choices import SegmentKind
from app.clients.models import Segment
from app.clients.segments.compiling import DEEPEST, UNREADABLE, compile_segment, count_and_sample
from app.clients.segments.values import CHOICE_OPERATORS, DAYS, LABELS, NO_VALUE
from app.kit import clock
from app.kit.access import may, reader
from app.kit.database.session import db
from app.kit.errors import Invalid
from app.kit.registry import SegmentCondition, segment_conditions
from app.kit.rest.values import refuse_odd_texts
from app.kit.rights import words_of
from app.kit.screens import user_names
from app.kit.screens.declaration import Declaration
from app.kit.screens.pages import ConflictField, EditConflict, FormError, FormPage, Link
from app.kit.screens.saving import attempted
from app.kit.screens.searching import find

SAMPLE = 8


def respond(screen: Declaration, segment: Segment | None) -> Any:
    """Answer GET and POST of the editor; `segment` is None for a new one."""
    session = db.session()
    if request.method == "GET":
        return _page(screen, session, segment, _values(segment))
    if segment is not None and request.form.get("version") != str(segment.version):
        return _show_conflict(screen, session, segment)
    saved: list[Segment] = []
    refused = attempted(lambda: saved.append(_save(session, segment)))
    if refused is None:
        flash(_("Saved."), "success")
        return redirect(screen.url("show", saved[0].id))
    again = session.get(Segment, segment.id) if segment is not None else None
    if again is not None and refused.field == "version":
        return _show_conflict(screen, session, again)
    error = [FormError(str(words_of(refused)))]
    return _page(screen, session, again, _posted(again), errors=error), refused.status


def _show_conflict(screen: Declaration, session: Session, segment: Segment) -> Any:
    """409 with both versions; saved again, the form carries the new version and wins."""
    yours, theirs = _posted(segment), _values(segment)
    labels = {
        "name": Segment.name.info["label"],
        "note": Segment.note.info["label"],
        "definition": Segment.definition.info["label"],
    }
    for values in (yours, theirs):
        values["in_words"] = in_words(values["definition"])
    who = user_names.names(session, {segment.changed_by}).get(segment.changed_by) or _("Somebody")
    fields = [
        ConflictField(label, yours[shown], theirs[shown])
        for name, label in labels.items()
        if yours[shown := "in_words" if name == "definition" else name] != theirs[shown]
    ]
    conflict = EditConflict(who, segment.changed_at, fields, screen.url("edit", segment.id))
    return _page(screen, session, segment, yours, conflict=conflict), 409


def in_words(definition: str) -> str:
    """Return conditions as a sentence; what cannot be read stays as it was sent."""
    try:
        found = json.loads(definition or "{}")
        return _phrase(found) if found else _("No condition yet: everybody belongs to it.")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return definition[:500]


def _phrase(node: dict[str, Any]) -> str:
    for word, label in (
        ("all", _("All of these are true")),
        ("any", _("At least one of these is true")),
    ):
        if word in node:
            return f"{label}: ({'; '.join(_phrase(part) for part in node[word])})"
    if "not" in node:
        return f"{_('None of these is true')}: ({_phrase(node['not'])})"
    known = segment_conditions.get(str(node["field"]))
    value = node.get("value", "")
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    label = str(known.label) if known is not None else str(node["field"])
    return f"{label} {LABELS.get(str(node.get('op')), '')} {shown}".strip()


def count(session: Session) -> Any:
    """Answer how many clients match the posted conditions, with a few of them."""
    clients = compile_segment(_definition(request.get_data(as_text=True)))
    number, sample = count_and_sample(session, clients, sample=SAMPLE)
    # How many there are says nothing about anybody; who they are is for those who may see clients.
    shown = sample if may("read", "Client") else ()
    names = [
        {"name": one.name, "number": one.number or "", "url": f"/clients/show/{one.id}"}
        for one in shown
    ]
    return jsonify(count=number, sample=names)


def products(session: Session) -> Any:
    """Answer with products for the remote select: by words, or the names of given ids."""
    ids = [int(one) for one in request.args.getlist("id")[:100] if re.fullmatch("[0-9]{1,18}", one)]
    words = request.args.get("q", "").replace("\0", "").strip()[:100]
    chosen = select(Product.id, Product.name).order_by(Product.name_fold).limit(20)
    if ids:
        chosen = chosen.where(Product.id.in_(ids)).limit(100)
    elif words:
        chosen = chosen.where(Product.id.in_(find(session, Product.__table__, words, 20)))
    rows = session.execute(chosen)
    return jsonify(results=[{"id": key, "text": name} for key, name in rows])


def _save(session: Session, segment: Segment | None) -> Segment:
    name = request.form.get("name", "").strip()
    if not name:
        raise Invalid(_("Give the segment a name."), field="name")
    if len(name) > 200:
        raise Invalid(_("At most 200 characters fit."), field="name")
    definition = _definition(request.form.get("definition", "{}"))
    compile_segment(definition)
    if segment is None:
        segment = Segment(kind=SegmentKind.SAVED)
        session.add(segment)
    segment.name, segment.definition = name, definition
    segment.note = request.form.get("note", "").strip() or None
    segment.changed_at, segment.changed_by = clock.now(), reader().user_id
    session.flush()
    return segment


def check_definition(found: dict[str, Any]) -> None:
    """Refuse conditions that cannot be asked, or that this reader may not ask. Raises Invalid."""
    _refuse_hidden(found)
    compile_segment(found)


def _definition(raw: str) -> dict[str, Any]:
    try:
        found = json.loads(raw or "{}")
    except (ValueError, RecursionError):
        raise Invalid(UNREADABLE) from None
    if not isinstance(found, dict):
        raise Invalid(UNREADABLE)
    _refuse_hidden(found)
    refuse_odd_texts(found)
    return found


def _refuse_hidden(node: Any, depth: int = 0) -> None:
    """Refuse a condition on what the reader may not see: counting would tell it."""
    if depth > 2 * DEEPEST + 2:
        raise Invalid(UNREADABLE)
    for one in node if isinstance(node, list) else [node]:
        if isinstance(one, dict):
            known = segment_conditions.get(str(one.get("field", "")))
            if known is not None and not _may_ask(known):
                raise Invalid(_("You may not ask for “%(name)s”.", name=known.label))
            for part in one.values():
                _refuse_hidden(part, depth + 1) if isinstance(part, list | dict) else None


def _may_ask(condition: SegmentCondition) -> bool:
    return condition.permission is None or may("read", condition.permission)


def _values(segment: Segment | None) -> dict[str, Any]:
    if segment is None:
        return {"name": "", "note": "", "definition": '{"all": []}', "version": None}
    return {
        "name": segment.name,
        "note": segment.note or "",
        "definition": json.dumps(segment.definition),
        "version": segment.version,
    }


def _posted(segment: Segment | None) -> dict[str, Any]:
    """Return what was sent, to be saved over the segment as it is now."""
    sent = {name: request.form.get(name, "") for name in ("name", "note", "definition")}
    return {**sent, "version": segment.version if segment is not None else None}


def _page(
    screen: Declaration,
    session: Session,
    segment: Segment | None,
    values: dict[str, Any],
    *,
    errors: Sequence[FormError] = (),
    conflict: EditConflict | None = None,
) -> str:
    title = segment.name if segment else _("New: %(what)s", what=screen.one)
    return render_template(
        "tresen/segment.html",
        page=FormPage(
            title=title,
            crumbs=[Link(screen.label, screen.list_url())],
            sections=(),
            errors=errors,
            conflict=conflict,
        ),
        values=values,
        back=screen.url("show", segment.id) if segment else screen.list_url(),
        count_url=screen.url("count"),
        fields=fields(session),
    )


def fields(session: Session) -> list[dict[str, Any]]:
    """Return what the editor offers: each condition with its operators and options."""
    return [
        {
            "name": condition.name,
            "label": str(condition.label),
            "area": str(condition.area),
            "kind": condition.kind,
            "lookup": _LOOKUPS.get(condition.name, ""),
            "options": [[key, str(label)] for key, label in condition.offered(session)],
            "operators": [
                {
                    "name": operator,
                    "label": str(LABELS[operator]),
                    "value": _value_kind(operator),
                }
                for operator in condition.operators
            ],
        }
        for condition in segment_conditions
        if _may_ask(condition)
    ]


_LOOKUPS = {"bought_product": "/segments/lookup/product"}


def _value_kind(operator: str) -> str:
    if operator in NO_VALUE:
        return "none"
    if operator in DAYS:
        return "days"
    if operator == "between":
        return "two"
    return "many" if operator in CHOICE_OPERATORS else "one"
