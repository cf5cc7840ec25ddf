"""The base resource.

It builds on the screen's declaration and on plain rows: no schema library in the way.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from flask import Blueprint, Response, abort, request
from flask_appbuilder import ModelRestApi
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.access import reader, require
from app.kit.database.lines import one_by_one
from app.kit.database.session import db
from app.kit.database.source import source_of
from app.kit.errors import Invalid, NotFound
from app.kit.phone import phones_of
from app.kit.problems import problem
from app.kit.rest import asks, taking
from app.kit.rest.answers import json_answer, with_version
from app.kit.rest.asking import asked, only
from app.kit.rest.describe import info
from app.kit.rest.doing import Doing
from app.kit.rest.expanding import expand, links_of, read_names
from app.kit.rest.known import note_resource
from app.kit.rest.listing import Listing
from app.kit.rest.nested import Nested
from app.kit.rest.once import once
from app.kit.rest.rows import as_object, selected
from app.kit.rest.sourced import Sourced
from app.kit.rest.values import ApiField, api_field
from app.kit.screens import forms
from app.kit.screens.attrs import table_of
from app.kit.screens.base import Screen
from app.kit.screens.datamodel import CrmInterface, RequestFilters
from app.kit.screens.declare import Ask
from app.kit.screens.guarding import needs
from app.kit.screens.known import screens
from app.kit.screens.paging import BIGGEST_ID
from app.kit.screens.plan import Plan
from app.kit.screens.record import load_or_404
from app.kit.screens.saving import archive_one, insert, refuse_archived

MOVE_IN = "move_in"
_MATCH = re.compile(r'\*|(W/)?("[0-9]+"|[0-9]+)')
_ALWAYS = ("created_at", "changed_at", "archived_at")


class Resource(Doing, Listing, Sourced, RequestFilters, ModelRestApi):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """A resource over the model of a screen (see the package's docstring)."""

    screen: ClassVar[type[Screen]]
    fields: Sequence[str] = ()
    writable: Sequence[str] | None = None
    idempotent = False
    # None where it is as on the screen; False where a page of the screen's own asks for more.
    adds: bool | None = None
    edits: bool | None = None
    archives: bool | None = None
    # Lines without which no record is made.
    needed_lines: Sequence[str] = ()
    # What POST takes where a page of the screen's own makes the records.
    asks: Sequence[Ask] = ()
    # Fields that only somebody with the right to move in may set, and only of a new record.
    moved_in: Sequence[str] = ()
    resource_name: Any = None

    allow_browser_login = True
    csrf_exempt = False
    base_permissions: Any = None

    def __init__(self) -> None:
        made = screens().get(self.screen.__name__)
        self.of: Screen = made if made is not None else self.screen()
        self.model, self.view = self.of.model, self.of.view
        for name in ("adds", "edits", "archives"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(self.of, name))
        self.resource_name = self.resource_name or self.of.path
        self.class_permission_name = self.view
        self.datamodel = CrmInterface(self.model, db.session)
        self.base_permissions = [f"can_{name}" for name in self.permissions()]
        # A method without a route is refused with `Allow`, before anything is asked.
        self.exclude_route_methods = {name for name, there in self._possible() if not there}
        super().__init__()
        self.base_permissions = [f"can_{name}" for name in self.permissions()]

    def _possible(self) -> Sequence[tuple[str, bool]]:
        return (
            ("post", bool(self.adds)),
            ("put", bool(self.edits)),
            ("patch", bool(self.edits)),
            *((name, bool(self.archives)) for name in ("delete", "restore")),
            ("get_by", bool(self.pair)),
            ("put_by", bool(self.pair and (self.adds or self.edits))),
            *((name, bool(self.of.bulk or self.archives)) for name in ("start_bulk", "show_bulk")),
        )

    def permissions(self) -> Sequence[str]:
        usual = [name for name in self.of.permissions() if name in ("read", "write", "delete")]
        return [*usual, *([MOVE_IN] if self.moved_in else [])]

    # FAB's schemas and properties are not used: they load relations one by one and know no guards.
    def _init_properties(self) -> None:
        self._base_filters = self.datamodel.get_filters()
        self._filters = self.datamodel.get_filters([])

    def _init_model_schemas(self) -> None:
        """None."""

    def _init_titles(self) -> None:
        """None."""

    def add_apispec_components(self, api_spec: Any) -> None:
        """None: see describe.py."""

    def create_blueprint(self, appbuilder: Any, *args: Any, **kwargs: Any) -> Blueprint:
        note_resource(self)
        made: Blueprint = super().create_blueprint(appbuilder, *args, **kwargs)
        return made

    # --- fields -----------------------------------------------------------------------------------

    @cached_property
    def all_fields(self) -> dict[str, ApiField]:
        """Every field that may be read, by its name."""
        names = [n for n in (self.fields or self.of.shown) if n not in self.of.computed]
        names += [n for n in _ALWAYS if n in table_of(self.model).c and n not in names]
        names += [n for n in (*self.pair, *self.moved_in) if n not in names]
        return {name: api_field(name, self.of.attr(name)) for name in names}

    @cached_property
    def writable_fields(self) -> dict[str, ApiField]:
        """Every field that may be written by somebody."""
        declared = self.writable
        names = declared if declared is not None else self.of.section_names
        found = {}
        for name in names:
            if name in self.of.computed or name in self.of.read_only:
                continue
            attr = self.of.attr(name)
            if attr.writable and not attr.column.info.get("computed") and attr.kind:
                found[name] = api_field(name, attr)
        return found

    @cached_property
    def pair(self) -> tuple[str, ...]:
        """The names of the other program and of the record's key there; nothing without them."""
        found = source_of(table_of(self.model))
        return tuple(column.name for column in found or ())

    def pair_columns(self) -> tuple[Any, ...]:
        """Return the columns of `pair`."""
        return tuple(table_of(self.model).c[name] for name in self.pair)

    @cached_property
    def new_fields(self) -> dict[str, ApiField]:
        """Fields that no form has, of records that a program makes."""
        names = (*self.pair, *self.moved_in)
        return {name: api_field(name, self.of.attr(name)) for name in names}

    def seen_fields(self, names: Sequence[str] = ()) -> list[ApiField]:
        """Return the fields that this reader may see."""
        found = [f for f in self.all_fields.values() if self.of.sees(f.attr)]
        return [f for f in found if not names or f.name in names]

    @cached_property
    def nested(self) -> dict[str, Nested]:
        """The lines that come with a record, by their names."""
        return {one.name: Nested.of(self.of, one) for one in self.of.lines if one.editable}

    # --- reading ----------------------------------------------------------------------------------

    @expose("/_info", methods=["GET"])
    @needs("read")
    def info(self, **kwargs: Any) -> Response:
        only()
        return json_answer(200, info(self))

    @expose("/<int:pk>", methods=["GET"])
    @needs("read")
    def get(self, pk: int, **kwargs: Any) -> Response:
        session, question = db.session(), asked(plain=("q", "expand"))
        names = question.columns
        fields = self.asked_fields(names, *self.nested)
        inner = [name for name in self.nested if not names or name in names]
        expanded = [n for n in read_names(self, question.expand) if n not in self.nested]
        row = self.read_one(session, pk, fields, inner, expanded)
        return with_version(json_answer(200, {"id": pk, "result": row}), row)

    def read_one(
        self,
        session: Session,
        pk: int,
        fields: Sequence[ApiField] | None = None,
        inner: Sequence[str] | None = None,
        expanded: Sequence[str] = (),
    ) -> dict[str, Any]:
        """One record as JSON, with its lines. Raises NotFound."""
        if not 0 < pk <= BIGGEST_ID:
            abort(404)
        plan = Plan(self.model)
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

    # --- writing ----------------------------------------------------------------------------------

    @expose("", methods=["POST"])
    @expose("/", methods=["POST"])
    @needs("write")
    @once(insists=True)
    def post(self, **kwargs: Any) -> Response:
        return self.created(db.session(), taking.json_body())

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
        return taking.columns(self.model, values)

    @expose("/<int:pk>", methods=["PUT"])
    @needs("write")
    @once()
    def put(self, pk: int, **kwargs: Any) -> Response:
        return self._changed(pk, taking.json_body())

    @expose("/<int:pk>", methods=["PATCH"])
    @needs("write")
    @once()
    def patch(self, pk: int, **kwargs: Any) -> Response:
        """As PUT, but that an object within is merged with the present one (RFC 7396)."""
        return self._changed(pk, taking.json_body(taking.MERGE_PATCH), merge=True)

    def _changed(self, pk: int, body: dict[str, Any], *, merge: bool = False) -> Response:
        session = db.session()
        obj = load_or_404(self.of, session, pk)
        refuse_archived(obj)
        if refused := self.stale(session, obj, self.told_version(body)):
            return refused
        self.change(session, obj, taking.merged(self.model, obj, body) if merge else body)
        row = self.read_one(session, pk)
        return with_version(json_answer(200, {"id": pk, "result": row}), row)

    def change(self, session: Session, obj: Any, body: Mapping[str, Any]) -> None:
        """Set what was sent on a stored record, by the screen's operation where it names one."""
        with phones_of(getattr(obj, "country", None)):
            values = self.take(session, body, adding=False, pk=obj.id)
        nested = {name: values.pop(name) for name in tuple(values) if name in self.nested}
        taking.assign(session, obj, values)
        with one_by_one(self.nested[name].model for name in nested):
            with session.no_autoflush:
                for name, lines in nested.items():
                    self.nested[name].put(session, obj.id, lines)
            if nested:
                forms.touch(obj)
            if self.of.on_edit is not None:
                self.of.on_edit(session, obj, by=reader().user_id, at=clock.now())
            session.flush()

    @expose("/<int:pk>", methods=["DELETE"])
    @needs("delete")
    @once()
    def delete(self, pk: int, **kwargs: Any) -> Response:
        session = db.session()
        obj = load_or_404(self.of, session, pk)
        if refused := self.stale(session, obj, self.told_version({}), required=False):
            return refused
        if obj.archived_at is None:
            archive_one(self.of, session, obj, by=reader().user_id)
        row = self.read_one(session, pk)
        return with_version(json_answer(200, {"id": pk, "result": row}), row)

    @cached_property
    def has_version(self) -> bool:
        """Whether its records count how often they were changed."""
        return "version" in table_of(self.model).c

    def told_version(self, body: dict[str, Any]) -> Any:
        """Take the version out of what was sent; of records without one it is no field.

        Raises FieldErrors for one that is none, If-Match among them.
        """
        if not self.has_version:
            return None
        given, header = body.pop("version", None), request.headers.get("If-Match")
        if given is not None and type(given) is not int:
            raise taking.FieldErrors({"version": [_("Send a whole number.")]})
        if header is not None and not _MATCH.fullmatch(header):
            raise taking.FieldErrors({"If-Match": [_("Send the version that you have read.")]})
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
        if adding and self.asks:
            return asks.told(self.asks, body)
        allowed = {n: f for n, f in self.writable_fields.items() if self.of.sees(f.attr)}
        if adding:
            allowed |= self.new_fields
            if not set(self.moved_in).isdisjoint(body):
                require(MOVE_IN, self.view)
        else:
            allowed = {n: f for n, f in allowed.items() if n not in self.of.fixed}
        errors = taking.Errors()
        nested = {name: body[name] for name in self.nested if name in body}
        flat = {name: value for name, value in body.items() if name not in nested}
        values = taking.taken(flat, allowed, errors, "")
        links = taking.links(values, allowed, "")
        for name, lines in nested.items():
            inner = self.nested[name]
            fields = {n: f for n, f in inner.written().items() if self.of.sees(f.attr)}
            known = inner.known(session, pk) if pk else {}
            values[name] = taking.lines_of(lines, fields, errors, name, known)
            for number, line in enumerate(values[name]):
                links += taking.links(line, fields, f"{name}.{number}.")
        self._ask_for(body, allowed, errors, adding=adding)
        taking.check_links(session, links, errors, kept=self._kept(session, links, body, pk))
        if errors:
            raise taking.FieldErrors(errors)
        return values

    def _kept(
        self, session: Session, links: Sequence[taking.Named], body: Mapping[str, Any], pk: int
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
            if getattr(obj, next(iter(taking.columns(self.model, {name: value})))) == value
        }

    def _ask_for(
        self,
        body: Mapping[str, Any],
        allowed: Mapping[str, ApiField],
        errors: taking.Errors,
        *,
        adding: bool,
    ) -> None:
        """Note what is needed and was not sent, or sent as nothing."""
        for name in self.needed_lines if adding else ():
            if not body.get(name):
                errors.add(name, _("Send at least one line."), unfit=request.method == "POST")
        for name, field in allowed.items():
            missing = taking.is_nothing(body[name]) if name in body else adding
            if missing and forms.is_required(self.of, field.attr):
                # What is told of a record by its key may be all that is new of it.
                unfit = name in body or request.method == "POST"
                errors.add(name, _("This is needed."), unfit=unfit)


def resource_for(screen: Screen) -> type[Resource]:
    """Return the generated resource of a screen."""
    cls = type(screen)
    return type(f"{cls.__name__}Api", (Resource,), {"screen": cls, "__module__": cls.__module__})
