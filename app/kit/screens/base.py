"""The base screen: a declaration with its routes.

What the pages hold is made in the modules beside this one.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort
from flask_appbuilder import ModelView
from flask_appbuilder.baseviews import expose

from app.kit.database.session import db
from app.kit.rest.resource import resource_for
from app.kit.screens import bulk, export, history, listing, lookup, record, saved, saving
from app.kit.screens.authorization import needs
from app.kit.screens.datamodel import CrmInterface, RequestFilters
from app.kit.screens.declaration import Declaration
from app.kit.screens.screen_registry import note_screen


class Screen(Declaration, RequestFilters, ModelView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The pages of a declaration (see the package's docstring)."""

    default_view = "list"
    exclude_route_methods = {"download", "action", "action_post", "delete"}

    def __init__(self) -> None:
        self.datamodel = CrmInterface(self.model, db.session)
        super().__init__()
        self.class_permission_name = self.view
        self.base_permissions = [f"can_{name}" for name in self.permissions()]

    def _init_properties(self) -> None:
        """Nothing of FAB's: labels, columns and forms come from the declaration."""
        self._base_filters = self.datamodel.get_filters()
        self._filters = self.datamodel.get_filters([])
        self.related_views: Any = []
        self._related_views: Any = []

    def _init_forms(self) -> None:
        self.add_form = self.edit_form = self.search_form = None

    def _init_titles(self) -> None:
        self.list_title = self.label

    def get_uninit_inner_views(self) -> Sequence[Any]:
        return []

    def get_init_inner_views(self, views: Any = None) -> Sequence[Any]:
        return []

    def create_blueprint(self, appbuilder: Any, *args: Any, **kwargs: Any) -> Blueprint:
        note_screen(self)
        made: Blueprint = super().create_blueprint(appbuilder, *args, **kwargs)
        if self.api:
            appbuilder.add_api(resource_for(self))
        return made

    # --- routes -----------------------------------------------------------------------------------

    @expose("/list/")
    @needs("read")
    def list(self) -> Any:
        return listing.respond(self)

    @expose("/export")
    @needs("export")
    def export(self) -> Any:
        return export.respond(self)

    @expose("/show/<int:pk>")
    @needs("read")
    def show(self, pk: int) -> Any:
        return record.respond(self, pk)

    @expose("/tab/<int:pk>/<name>")
    @needs("read")
    def tab(self, pk: int, name: str) -> Any:
        return record.tab(self, pk, name)

    @expose("/history/<int:pk>")
    @needs("read")
    def history(self, pk: int) -> Any:
        return history.respond(self, pk)

    @expose("/add", methods=["GET", "POST"])
    @needs("write")
    def add(self) -> Any:
        if not self.adds:
            abort(404)
        return saving.add(self)

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @needs("write")
    def edit(self, pk: int) -> Any:
        if not self.edits:
            abort(404)
        return saving.edit(self, pk)

    @expose("/archive/<int:pk>", methods=["POST"])
    @needs("delete")
    def archive(self, pk: int) -> Any:
        return saving.archive(self, pk)

    @expose("/restore/<int:pk>", methods=["POST"])
    @needs("delete")
    def restore(self, pk: int) -> Any:
        return saving.restore(self, pk)

    @expose("/do/<name>/<int:pk>", methods=["POST"])
    @needs("read")
    def do(self, name: str, pk: int) -> Any:
        return saving.do(self, name, pk)

    @expose("/lookup/<name>")
    @needs("read")
    def lookup(self, name: str) -> Any:
        return lookup.respond(self, name)

    @expose("/bulk", methods=["POST"])
    @needs("read")
    def start_bulk(self) -> Any:
        return bulk.start(self)

    @expose("/bulk/<int:pk>")
    @needs("read")
    def show_bulk(self, pk: int) -> Any:
        return bulk.progress(self, pk)

    @expose("/views", methods=["POST"])
    @needs("read")
    def save_view(self) -> Any:
        return saved.save(self)

    @expose("/views/<int:pk>/delete", methods=["POST"])
    @needs("read")
    def delete_view(self, pk: int) -> Any:
        return saved.delete(self, pk)
