"""Records of a resource, read and written: what its routes do, whatever they are asked by."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.access import reader, require
from app.kit.database.lines import one_by_one
from app.kit.errors import Invalid, NotFound
from app.kit.phone import phones_of
from app.kit.problems import problem
from app.kit.rest import action_parameters, payload
from app.kit.rest.declaration import MOVE_IN, ResourceDeclaration
from app.kit.rest.expanding import expand, links_of
from app.kit.rest.responses import json_answer, with_version
from app.kit.rest.rows import as_object, selected
from app.kit.rest.values import ApiField
from app.kit.screens import forms
from app.kit.screens.paging import BIGGEST_ID
from app.kit.screens.plan import ListPlan
from app.kit.screens.saving import insert

_MATCH = re.compile(r'\*|(W/)?("[0-9]+"|[0-9]+)')


class Records(ResourceDeclaration):
    """How a resource reads one record, makes one and changes one."""

    def read_one(
        self,
        session: Session,
        pk: int,
        fields: Sequence[ApiField] | None = None,
        inner: Sequence[str] | None = None,
        expanded: Sequence[str] = (),
    ) -> dict[str, Any]:
        """One record as JSON, with its lines. Raises NotFound."""
        if pk > BIGGEST_ID:
            abort(404)
        plan = ListPlan(self.model)
        columns, writers = selected(plan, self.seen_fields() if fields is None else fields)
        columns += links_of(self, plan, expanded)
        where = [plan.root.c.id == pk, *self.of.always()]
        statement = plan.select(plan.root.c.id.label("id"), *columns, where=where)
        row = session.execute(statement).one_or_none()
        if row is None:
            raise NotFound
        found = as_object(row, writers)
        expand(self, session, expanded, [pk], [found], [row])
        lines = self.nested if inner is None else inner
        return {**found, **{name: self.nested[name].read(session, pk) for name in lines}}

    def created(self, session: Session, body: Mapping[str, Any]) -> Response:
        """Answer with a record made of what was sent."""
        values = self.take(session, body, adding=True)
        obj = self.create(session, values, by=reader().user_id, at=clock.now())
        session.flush()
        row = self.read_one(session, obj.id)
        answer = with_version(json_answer(201, {"id": obj.id, "result": row}), row)
        answer.headers["Location"] = f"/api/v1/{self.resource_name}/{obj.id}"
        return answer

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Any:
        """Make a record of checked values. A special resource calls its operation here."""
        nested = {name: values.pop(name) for name in tuple(values) if name in self.nested}
        obj = self.model(**self.columns_of(values))
        obj = insert(self.of, session, obj, by=by)
        with one_by_one(self.nested[name].model for name in nested):
            with session.no_autoflush:
                for name, lines in nested.items():
                    self.nested[name].add(session, obj.id, lines)
            if nested and self.of.on_edit is not None:
                # The operation completes what was sent of the lines before they are written.
                self.of.on_edit(session, obj, by=by, at=at)
            session.flush()
        return obj

    def columns_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by the model's columns: a relation's id goes to its link."""
        return payload.columns(self.model, values)

    def change(self, session: Session, obj: Any, body: Mapping[str, Any]) -> None:
        """Set what was sent on a stored record, by the screen's operation where it names one."""
        with phones_of(getattr(obj, "country", None)):
            values = self.take(session, body, adding=False, pk=obj.id)
        nested = {name: values.pop(name) for name in tuple(values) if name in self.nested}
        payload.assign(session, obj, values)
        with one_by_one(self.nested[name].model for name in nested):
            with session.no_autoflush:
                for name, lines in nested.items():
                    self.nested[name].put(session, obj.id, lines)
            if nested:
                forms.touch(obj)
            if self.of.on_edit is not None:
                self.of.on_edit(session, obj, by=reader().user_id, at=clock.now())
            session.flush()

    def told_version(self, body: dict[str, Any]) -> Any:
        """Take the version out of what was sent; of records without one it is no field.

        Raises FieldErrors for one that is none, If-Match among them.
        """
        if not self.has_version:
            return None
        given, header = body.pop("version", None), request.headers.get("If-Match")
        if given is not None and type(given) is not int:
            raise payload.FieldErrors({"version": [_("Send a whole number.")]})
        if header is not None and not _MATCH.fullmatch(header):
            raise payload.FieldErrors({"If-Match": [_("Send the version that you have read.")]})
        return given

    def stale(
        self, session: Session, obj: Any, given: Any, *, required: bool = True
    ) -> Response | None:
        """409 with the present record when the caller's version is not the present one."""
        present = getattr(obj, "version", None)
        if present is None:
            return None
        header = request.headers.get("If-Match")
        if header is None and given is None:
            if not required:
                return None
            raise Invalid(_("Send the version that you have read."), field="version")
        # Where both are sent both must fit; a weak tag fits nothing (RFC 9110, 13.1.1).
        if given in (None, present) and (header or "*").strip('"') in ("*", str(present)):
            return None
        row = self.read_one(session, obj.id)
        message = _("Somebody else has changed this in the meantime.")
        return problem(409, message, {"version": [message]}, kind="stale", result=row)

    def take(
        self, session: Session, body: Mapping[str, Any], *, adding: bool, pk: int = 0
    ) -> dict[str, Any]:
        """Check what a caller sent; ids are checked under the policies. Raises FieldErrors.

        `pk` is the record whose lines may be named by their ids.
        """
        if adding and self.parameters:
            return action_parameters.told(self.parameters, body)
        allowed = {n: f for n, f in self.writable_fields.items() if self.of.sees(f.attr)}
        if adding:
            allowed |= self.new_fields
            if not set(self.moved_in).isdisjoint(body):
                require(MOVE_IN, self.view)
        else:
            allowed = {n: f for n, f in allowed.items() if n not in self.of.fixed}
        errors = payload.Errors()
        nested = {name: body[name] for name in self.nested if name in body}
        flat = {name: value for name, value in body.items() if name not in nested}
        values = payload.taken(flat, allowed, errors, "")
        links = payload.links(values, allowed, "")
        for name, lines in nested.items():
            inner = self.nested[name]
            fields = {n: f for n, f in inner.written().items() if self.of.sees(f.attr)}
            known = inner.known(session, pk) if pk else {}
            values[name] = payload.lines_of(lines, fields, errors, name, known)
            for number, line in enumerate(values[name]):
                links += payload.links(line, fields, f"{name}.{number}.")
        self._ask_for(body, allowed, errors, adding=adding)
        payload.check_links(session, links, errors, kept=self._kept(session, links, body, pk))
        if errors:
            raise payload.FieldErrors(errors)
        return values

    def _kept(
        self, session: Session, links: Sequence[payload.Named], body: Mapping[str, Any], pk: int
    ) -> set[str]:
        """Return the fields that name what they have named before; all of what is moved in."""
        if not set(self.moved_in).isdisjoint(body):
            return {name for name, _attr, _pk in links}
        obj = session.get(self.model, pk) if pk else None
        own = {name: value for name, _attr, value in links if "." not in name}
        if obj is None:
            return set()
        return {
            name
            for name, value in own.items()
            if getattr(obj, next(iter(payload.columns(self.model, {name: value})))) == value
        }

    def _ask_for(
        self,
        body: Mapping[str, Any],
        allowed: Mapping[str, ApiField],
        errors: payload.Errors,
        *,
        adding: bool,
    ) -> None:
        """Note what is needed and was not sent, or sent as nothing."""
        for name in self.needed_lines if adding else ():
            if not body.get(name):
                errors.add(name, _("Send at least one line."), unfit=request.method == "POST")
        for name, field in allowed.items():
            missing = payload.is_nothing(body[name]) if name in body else adding
            if missing and forms.is_required(self.of, field.attr):
                # What is told of a record by its key may be all that is new of it.
                unfit = name in body or request.method == "POST"
                errors.add(name, _("This is needed."), unfit=unfit)
