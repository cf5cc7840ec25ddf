"""Records by the key that another program has for them: read, or made if they are not there yet.

`PUT /by/<source>/<key>` answers 201 with a new record, made as by POST, or 200 with the one that is
there, changed as by PATCH where something differs from what it says. Two at once make one: the key
is locked for the transaction, and unique in the table. A version is checked where one is sent.
"""

from collections.abc import Mapping
from typing import Any

from flask import Response, abort
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.kit.database.session import db
from app.kit.database.source import check_key, check_source
from app.kit.errors import Conflict, Invalid, NotFound
from app.kit.rest import payload
from app.kit.rest.idempotency_key import once
from app.kit.rest.query_parameters import only
from app.kit.rest.records import Records
from app.kit.rest.responses import json_answer, with_version
from app.kit.rest.values import ApiField, refuse_odd_texts
from app.kit.screens.authorization import needs
from app.kit.screens.saving import refuse_archived


class UpsertRoutes(Records):
    """The routes of a resource whose records may come from other programs."""

    @expose("/by/<source>/<path:key>", methods=["GET"])
    @needs("read")
    def get_by(self, source: str, key: str, **kwargs: Any) -> Response:
        only()
        session = db.session()
        _check_name(source, key)
        obj = _known(self, session, source, key)
        if obj is None:
            raise NotFound
        row = self.read_one(session, obj.id)
        return with_version(json_answer(200, {"id": obj.id, "result": row}), row)

    @expose("/by/<source>/<path:key>", methods=["PUT"])
    @needs("write")
    @once(insists=True)
    def put_by(self, source: str, key: str, **kwargs: Any) -> Response:
        session = db.session()
        _check_name(source, key)
        body = payload.json_body(payload.MERGE_PATCH)
        _hold(self, session, source, key)
        obj = _known(self, session, source, key)
        if obj is not None:
            return _changed(self, session, obj, body)
        if not self.adds:
            abort(404)
        self.told_version(body)
        named = dict(zip(self.pair, (source, key), strict=True))
        if odd := [name for name in named if body.get(name, named[name]) != named[name]]:
            raise Invalid(_("The address says this already."), field=min(odd))
        told = body if self.parameters else payload.merged(self.model, None, body)
        return self.created(session, {**told, **named})


def _check_name(source: str, key: str) -> None:
    refuse_odd_texts(key)
    for field, value, check in (("source", source, check_source), ("key", key, check_key)):
        try:
            check(value)
        except Invalid as error:
            error.field = field
            raise


def _hold(resource: Records, session: Session, source: str, key: str) -> None:
    """Hold the key until the transaction ends: whoever comes second finds what the first made."""
    table = resource.model.__tablename__
    name = func.concat_ws("/", text("crm_company()"), table, source, key)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 8))))


def _known(resource: Records, session: Session, source: str, key: str) -> Any:
    names, keys = resource.pair_columns()
    found = select(resource.model).where(names == source, keys == key, *resource.of.always())
    return session.scalars(found).one_or_none()


def _changed(resource: Records, session: Session, obj: Any, body: Mapping[str, Any]) -> Response:
    refuse_archived(obj)
    sent = dict(body)
    if refused := resource.stale(session, obj, resource.told_version(sent), required=False):
        return refused
    news = _news(resource, session, obj, payload.merged(resource.model, obj, sent))
    settled = {*resource.of.fixed, *resource.new_fields} if resource.edits else news.keys()
    if fixed := news.keys() & settled:
        raise Conflict(_("This is here already, and is not changed any more."), field=min(fixed))
    if news:
        resource.change(session, obj, news)
    row = resource.read_one(session, obj.id)
    return with_version(json_answer(200, {"id": obj.id, "result": row}), row)


def _news(resource: Records, session: Session, obj: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from the record: the same told twice is no change."""
    fields = {**resource.writable_fields, **resource.new_fields}
    found = {}
    for name, raw in body.items():
        field = fields.get(name)
        if field is not None and resource.of.sees(field.attr):
            if not _is_so(field, obj, raw):
                found[name] = raw
        elif name not in resource.nested or not _are_so(resource, session, obj, name, raw):
            found[name] = raw
    return found


def _is_so(field: ApiField, obj: Any, raw: Any) -> bool:
    (key,) = payload.columns(type(obj), {field.name: None})
    present = getattr(obj, key)
    if raw is None:
        return present is None
    if isinstance(raw, payload.Merged) and not payload.is_formed(field, raw):
        return False
    try:
        return bool(field.write(raw) == present)
    except Invalid:
        return False


def _are_so(resource: Records, session: Session, obj: Any, name: str, raw: Any) -> bool:
    """Whether the lines say, as far as they say anything, what the record's own lines do."""
    one = resource.nested[name]
    fields = {field.name: field for field in one.seen()}
    present = one.read(session, obj.id)
    if not isinstance(raw, list) or len(raw) != len(present):
        return False
    return all(
        isinstance(line, dict)
        and all(
            key in fields and _reads(fields[key], value) == row[key] for key, value in line.items()
        )
        for line, row in zip(raw, present, strict=True)
    )


def _reads(field: ApiField, raw: Any) -> Any:
    """Return a value that was sent as it is read back."""
    if raw is None:
        return None
    try:
        return field.read(field.write(raw))
    except Invalid:
        return None
