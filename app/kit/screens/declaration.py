"""What a screen is declared with, and what the declaration means.

A domain sets the attributes of `Declaration` on its `Screen` (base.py), which adds the routes. All
that draws, saves or describes a screen needs the declaration only: columns, rights, addresses.

Names of columns are attributes of the model, read as attrs.py says: a column, a relation to one, or
a dotted column behind relations to one ("home_store.city", "figures.total").
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from flask import request
from sqlalchemy import ColumnElement

from app.kit.access import may
from app.kit.screens.areas import Area
from app.kit.screens.attrs import Attr, mapper_of, resolve, table_of
from app.kit.screens.authorization import is_closed
from app.kit.screens.contributions import PAGE_ACTIONS, TABS, added
from app.kit.screens.elements import BulkAction, Code, Computed, Lines, Panel, RecordAction, Related
from app.kit.screens.pages import Text
from app.kit.screens.plan import is_sortable

Section = tuple[Text, Sequence[str]] | tuple[Text, Sequence[str], Text]
"""A heading, the names below it and, if one likes, a sentence of help."""


class Declaration:
    """A list with its records, as a domain declares it.

    Operations are called as operation(session, obj, by=, at=): the id of the user (None for the
    system) and aware UTC. They raise CrmError with `field` set to show the sentence beside a field.
    """

    # --- what it is called and where it stands ----------------------------------------------------

    model: ClassVar[type[Any]]
    """The records. Rights are kept under its class name."""
    area: ClassVar[Area]
    """Which part of the side menu (areas.py)."""
    icon: ClassVar[str] = "list"
    """Of the sprite: app/web/icons.txt."""
    label: ClassVar[Text]
    """What the records are called: heading and entry of the menu."""
    one: ClassVar[Text]
    """What one of them is called."""
    help: ClassVar[Text] = ""
    """A sentence above the list: what these records are."""
    empty: ClassVar[Text] = ""
    """What an empty list says; default: `help`."""
    view: str = ""
    """The name of its rights, when it is not the model's."""
    path: str = ""
    """Address, and name in the API; default: the table's name in the plural."""
    menu: bool = True
    """False keeps it out of the side menu, and out of the search over everything."""
    menu_rank: int = 100
    """Smaller ones stand first in their area."""

    # --- the list ---------------------------------------------------------------------------------

    list_columns: Sequence[str] = ()
    """The columns, in their order; names of `computed` are taken too."""
    phone_columns: Sequence[str] = ()
    """Those of them that phones show; default: the first five."""
    filters: Sequence[str] = ()
    """What the list is narrowed by, each served by an index."""
    order: tuple[str, str] = ("id", "desc")
    """Name and "asc" or "desc" of the order in which the list opens."""
    order_columns: Sequence[str] | None = None
    """What else it may be ordered by; default: list columns and filters with an index."""
    search: bool = True
    """A search box, where the table's `info["search"]` has one."""
    search_hint: Text = ""
    """The placeholder of the search box."""
    totals: ClassVar[Mapping[str, str]] = {}
    """Column of the list → what is added up below it, in the company's currency (totals.py)."""
    computed: Mapping[str, Computed] = {}
    """List columns that are no columns: load(session, ids) -> {id: value}."""
    where: Callable[[], ColumnElement[bool]] | None = None
    """A fixed condition: lambda: Model.kind == "x". Other records are none of this screen's."""

    # --- record and forms -------------------------------------------------------------------------

    sections: Sequence[Section] = ()
    """What record, add and edit show, in groups: said once for the three."""
    read_only: Sequence[str] = ()
    """Shown on the record, in no form."""
    fixed: Sequence[str] = ()
    """Asked when adding, not changed later."""
    required: Sequence[str] = ()
    """Asked for beyond NOT NULL columns."""
    defaults: Mapping[str, Any] = {}
    """Initial values of the add form: a value, or a function without arguments."""
    lines: Sequence[Lines] = ()
    """Children that are edited inside the form, or shown on the record only."""
    related: Sequence[Related | Panel] = ()
    """Tabs of the record: lists of other screens, or what a function draws."""
    path_of: str = ""
    """The choice whose states stand as a path above the record."""

    # --- what can be done -------------------------------------------------------------------------

    adds: bool = True
    """False takes away button, route and API method; as do the next three."""
    edits: bool = True
    """Whether records are changed by a form."""
    archives: bool = True
    """Whether they are archived and restored; never where the table has no `archived_at`."""
    exports: bool = True
    """Whether the list is given as a file."""
    on_add: ClassVar[Any] = None
    """The operation called before a new record is flushed; it may also check only."""
    on_edit: ClassVar[Any] = None
    """The operation called before a change is flushed."""
    on_archive: ClassVar[Any] = None
    """The operation called before a record is archived."""
    edits_when: ClassVar[Any] = None
    """Says of a record whether it can still be edited (`in_state(Status.DRAFT)`): where it cannot,
    nothing offers it."""
    actions_on: Mapping[str, RecordAction] = {}
    """Buttons of the record. The key is the right's name, and the API's."""
    page_actions: Mapping[str, RecordAction] = {}
    """What pages of the screen's own do with a record, under the page's name: the API offers it
    like a button."""
    bulk: Mapping[str, BulkAction] = {}
    """What is done with ticked rows, or with all that match, by a job."""

    # --- the API ----------------------------------------------------------------------------------

    api: bool = False
    """True makes GET/POST/PUT/DELETE /api/v1/<path>; a `Resource` of its own says no more here."""
    codes: ClassVar[Mapping[str, Code]] = {}
    """What the API finds records by, beside unique texts."""

    # --- what it means ----------------------------------------------------------------------------

    def __init__(self) -> None:
        cls = type(self)
        self.name = cls.__name__
        self.view = self.view or self.model.__name__
        self.path = self.path or plural(table_of(self.model).name)
        self.route_base = f"/{self.path}"
        for hook in ("on_add", "on_edit", "on_archive", "edits_when", "where"):
            # A plain function on a class would become a method.
            setattr(self, hook, getattr(cls, hook))
        if "archived_at" not in table_of(self.model).c:
            self.archives = False
        self._check()
        super().__init__()

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
        return list(dict.fromkeys([*found, *self.actions_on, *self.bulk]))

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

    def all_actions(self) -> dict[str, RecordAction]:
        return dict(self.actions_on)

    def all_operations(self) -> dict[str, RecordAction]:
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


def plural(table: str) -> str:
    """order_line → order-lines; the address of a table's screen."""
    word = table.replace("_", "-")
    if word.endswith("s") and not word.endswith("ss"):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("ss", "x", "ch", "sh")) else "s")
