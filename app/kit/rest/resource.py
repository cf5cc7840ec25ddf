"""The base resource.

It builds on the screen's declaration and on plain rows: no schema library in the way.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response
from flask_appbuilder import ModelRestApi
from flask_appbuilder.api import expose

from app.kit.access import reader
from app.kit.database.session import db
from app.kit.rest import payload
from app.kit.rest.actions import ActionRoutes
from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.describe import info
from app.kit.rest.expanding import read_names
from app.kit.rest.idempotency_key import once
from app.kit.rest.query_parameters import asked, only
from app.kit.rest.resource_registry import note_resource
from app.kit.rest.responses import json_answer, with_version
from app.kit.rest.upsert import UpsertRoutes
from app.kit.screens.authorization import needs
from app.kit.screens.datamodel import CrmInterface, RequestFilters
from app.kit.screens.declaration import Declaration
from app.kit.screens.record import load_or_404
from app.kit.screens.saving import archive_one, refuse_archived


class Resource(ActionRoutes, UpsertRoutes, RequestFilters, ModelRestApi):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The routes of a resource (see the package's docstring)."""

    allow_browser_login = True
    csrf_exempt = False
    base_permissions: Any = None

    def __init__(self) -> None:
        ResourceDeclaration.__init__(self)
        self.class_permission_name = self.view
        self.datamodel = CrmInterface(self.model, db.session)
        # A method without a route is refused with `Allow`, before anything is asked.
        self.exclude_route_methods = {name for name, there in self._possible() if not there}
        ModelRestApi.__init__(self)
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

    # --- writing ----------------------------------------------------------------------------------

    @expose("", methods=["POST"])
    @expose("/", methods=["POST"])
    @needs("write")
    @once(insists=True)
    def post(self, **kwargs: Any) -> Response:
        return self.created(db.session(), payload.json_body())

    @expose("/<int:pk>", methods=["PUT"])
    @needs("write")
    @once()
    def put(self, pk: int, **kwargs: Any) -> Response:
        return self._changed(pk, payload.json_body(), merge=False)

    @expose("/<int:pk>", methods=["PATCH"])
    @needs("write")
    @once()
    def patch(self, pk: int, **kwargs: Any) -> Response:
        """As PUT, but that an object within is merged with the present one (RFC 7396)."""
        return self._changed(pk, payload.json_body(payload.MERGE_PATCH), merge=True)

    def _changed(self, pk: int, body: dict[str, Any], *, merge: bool) -> Response:
        session = db.session()
        obj = load_or_404(self.of, session, pk)
        refuse_archived(obj)
        if refused := self.stale(session, obj, self.told_version(body)):
            return refused
        self.change(session, obj, payload.merged(self.model, obj, body) if merge else body)
        row = self.read_one(session, pk)
        return with_version(json_answer(200, {"id": pk, "result": row}), row)

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


def resource_for(screen: Declaration) -> type[Resource]:
    """Return the generated resource of a screen."""
    cls = type(screen)
    return type(f"{cls.__name__}Api", (Resource,), {"screen": cls, "__module__": cls.__module__})
