"""The base screen: routes and rights.

What the pages hold is made in the modules beside this one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from flask import Blueprint, abort, request
from flask_appbuilder import ModelView
from flask_appbuilder.baseviews import expose
from sqlalchemy import ColumnElement

from app.kit.access import may
from app.kit.database.session import db
from app.kit.screens import bulk, export, history, listing, lookup, record, saved, saving
from app.kit.screens.additions import ACTIONS, PAGE_ACTIONS, TABS, added
from app.kit.screens.areas import Area
from app.kit.screens.attrs import Attr, mapper_of, resolve, table_of
from app.kit.screens.datamodel import CrmInterface, RequestFilters
from app.kit.screens.declare import Bulk, Code, Computed, Do, Lines, Panel, Related
from app.kit.screens.guarding import is_closed, needs
from app.kit.screens.known import note_screen
from app.kit.screens.pages import Text
from app.kit.screens.plan import is_sortable

Section = tuple[Text, Sequence[str]] | tuple[Text, Sequence[str], Text]


class Screen(RequestFilters, ModelView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """A list with its records, declared (see the package's docstring)."""

    model: ClassVar[type[Any]]
    area: ClassVar[Area]
    icon: ClassVar[str] = "list"
    label: ClassVar[Text]
    one: ClassVar[Text]
    help: ClassVar[Text] = ""
    empty: ClassVar[Text] = ""
    view: str = ""
    path: str = ""
    menu = True
    menu_rank = 100

    list_columns: Sequence[str] = ()
    filters: Sequence[str] = ()
    order: tuple[str, str] = ("id", "desc")
    order_columns: Sequence[str] | None = None
    search = True
    search_hint: Text = ""
    sections: Sequence[Section] = ()
    read_only: Sequence[str] = ()
    fixed: Sequence[str] = ()
    required: Sequence[str] = ()
    defaults: Mapping[str, Any] = {}
    computed: Mapping[str, Computed] = {}
    lines: Sequence[Lines] = ()
    related: Sequence[Related | Panel] = ()
    actions_on: Mapping[str, Do] = {}
    # What pages of a screen's own do with a record: of one name with the page, for the API.
    page_actions: Mapping[str, Do] = {}
    bulk: Mapping[str, Bulk] = {}
    # Column of the list → what is added up below it, in the company's currency (see totals.py).
    totals: ClassVar[Mapping[str, str]] = {}
    phone_columns: Sequence[str] = ()
    path_of = ""
    where: Callable[[], ColumnElement[bool]] | None = None
    codes: ClassVar[Mapping[str, Code]] = {}

    adds = edits = archives = exports = True
    # Operations. Any, because a function on a class would be typed as a method.
    on_add: ClassVar[Any] = None
    on_edit: ClassVar[Any] = None
    on_archive: ClassVar[Any] = None
    # Says of a record whether it can still be edited; where it cannot, nothing offers it.
    edits_when: ClassVar[Any] = None
    api = False

    default_view = "list"
    exclude_route_methods = {"download", "action", "action_post", "delete"}

    # --- what the declaration means ---------------------------------------------------------------

    def __init__(self) -> None:
        cls = type(self)
        self.name = cls.__name__
        self.view = self.view or self.model.__name__
        self.path = self.path or plural(table_of(self.model).name)
        self.route_base = f"/{self.path}"
        self.class_permission_name = self.view
        for hook in ("on_add", "on_edit", "on_archive", "edits_when", "where"):
            # A plain function on a class would become a method.
            setattr(self, hook, getattr(cls, hook))
        if "archived_at" not in table_of(self.model).c:
            self.archives = False
        self.datamodel = CrmInterface(self.model, db.session)
        self._check()
        super().__init__()
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
            from app.kit.rest import resource_for  # noqa: PLC0415 -- REST builds on screens

            appbuilder.add_api(resource_for(self))
        return made

    def _check(self) -> None:
        """Find mistakes in the declaration when it is made, not when somebody opens the page."""
        for name in (*self.shown, *self.filters, *self.fixed, *self.required, *self.read_only):
            if name not in self.computed:
                self.attr(name)
        for name in self.totals.values():
            self.attr(name)
        if odd := set(self.phone_columns) - set(self.list_columns):
            raise ValueError(f"{self.name}: the list has no columns {odd} to be shown on phones.")
        for name in self.filters:
            if self.attr(name).filter_kind is None:
                raise ValueError(f"{self.name}: no index could serve a filter by {name!r}.")
        for name in self.order_columns or ():
            if not is_sortable(self.model, self.attr(name)):
                raise ValueError(f"{self.name}: no index gives the order by {name!r}.")
        self._check_lines()

    def _check_lines(self) -> None:
        for lines in self.lines:
            for column in lines.columns:
                resolve(mapper_of(self.model).relationships[lines.name].mapper.class_, column)

    @cached_property
    def _attrs(self) -> dict[str, Attr]:
        return {}

    def attr(self, name: str) -> Attr:
        """Return what a name of the declaration means. Raises UnknownColumn."""
        if name not in self._attrs:
            self._attrs[name] = resolve(self.model, name)
        return self._attrs[name]

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Every name on lists and records, once, in their order."""
        names = [name for section in self.sections for name in section[1]]
        return tuple(dict.fromkeys((*self.list_columns, *names)))

    @cached_property
    def section_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for section in self.sections for name in section[1]))

    @cached_property
    def relations(self) -> dict[str, Attr]:
        """Every relation to one of the model: what a tab may be limited by."""
        found = mapper_of(self.model).relationships
        names = [r.key for r in found if not r.uselist and r.direction.name == "MANYTOONE"]
        return {name: self.attr(name) for name in names}

    @cached_property
    def sortable(self) -> tuple[str, ...]:
        """The names a list may be ordered by: those behind an index, "id" always."""
        if self.order_columns is not None:
            return ("id", *self.order_columns)
        names = (*self.list_columns, *self.filters, self.order[0])
        good = [
            name
            for name in dict.fromkeys(names)
            if name not in self.computed and is_sortable(self.model, self.attr(name))
        ]
        return tuple(dict.fromkeys(("id", *good)))

    def seen_order(self) -> Sequence[str]:
        """Return the names that this reader may order a list by."""
        return [name for name in self.sortable if self.sees(self.attr(name))]

    def always(self) -> Sequence[ColumnElement[bool]]:
        """Return the screen's fixed condition, which holds in each of its routes."""
        return [self.where()] if self.where is not None else []

    @property
    def searches(self) -> bool:
        return self.search and bool(table_of(self.model).info.get("search"))

    # --- rights -----------------------------------------------------------------------------------

    def permissions(self) -> Sequence[str]:
        """Return the permission names that this screen asks for, under `view`."""
        found = ["read"]
        if self.adds or self.edits:
            found.append("write")
        if self.archives:
            found.append("delete")
        if self.exports:
            found.append("export")
        return list(
            dict.fromkeys([*found, *self.actions_on, *self.bulk, *added(ACTIONS, self.view)])
        )

    def may(self, permission: str) -> bool:
        return may(permission, self.view) and not is_closed(permission, self.model)

    @staticmethod
    def sees(attr: Attr) -> bool:
        """Whether no guard hides the column from this reader."""
        return all(may("read", guard) for guard in attr.guards)

    def seen(self, names: Sequence[str]) -> dict[str, Attr]:
        """Those of `names` that the reader may see, with what they mean."""
        found = {name: self.attr(name) for name in names if name not in self.computed}
        return {name: attr for name, attr in found.items() if self.sees(attr)}

    def filterable(self) -> dict[str, Attr]:
        return self.seen(self.filters)

    def all_actions(self) -> dict[str, Do]:
        return {**self.actions_on, **added(ACTIONS, self.view)}

    def all_operations(self) -> dict[str, Do]:
        """Return all that can be done with a record, by buttons and by pages of their own."""
        return {**self.page_actions, **added(PAGE_ACTIONS, self.view), **self.all_actions()}

    def all_tabs(self) -> dict[str, Related | Panel]:
        return {**{tab.name: tab for tab in self.related}, **added(TABS, self.view)}

    # --- addresses --------------------------------------------------------------------------------

    def list_url(self) -> str:
        return f"{request.script_root}{self.route_base}/list/"

    def url(self, what: str, pk: object = "") -> str:
        """Return the address of a route of this screen, without asking the router for each row."""
        tail = f"/{pk}" if pk != "" else ""
        return f"{request.script_root}{self.route_base}/{what}{tail}"

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


def plural(table: str) -> str:
    """order_line → order-lines; the address of a table's screen."""
    word = table.replace("_", "-")
    if word.endswith("s") and not word.endswith("ss"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("ss", "x", "ch", "sh")) else "s")
