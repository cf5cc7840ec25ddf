"""What a resource is declared with, and which fields the declaration gives it.

A domain sets the attributes of `ResourceDeclaration` on its `Resource` (resource.py), which adds
the routes. What is not said here is the screen's.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from app.kit.database.source import source_of
from app.kit.rest.nested import Nested
from app.kit.rest.values import ApiField, api_field
from app.kit.screens.attrs import table_of
from app.kit.screens.declaration import Declaration
from app.kit.screens.elements import ActionParameter
from app.kit.screens.screen_registry import screens

MOVE_IN = "move_in"
_ALWAYS = ("created_at", "changed_at", "archived_at")


class ResourceDeclaration:
    """A resource over the model of a screen, as a domain declares it."""

    screen: ClassVar[type[Declaration]]
    """Fields, rights, filters, lines and operations are this screen's."""
    fields: Sequence[str] = ()
    """What is read; default: what the screen's lists and records show."""
    writable: Sequence[str] | None = None
    """What is sent; default: what the screen's form may set."""
    idempotent: bool = False
    """Whether POST insists on an Idempotency-Key."""
    adds: bool | None = None
    """None where it is as on the screen; False where a page of the screen's own asks for more."""
    edits: bool | None = None
    """As `adds`, of PUT and PATCH."""
    archives: bool | None = None
    """As `adds`, of DELETE and restore."""
    needed_lines: Sequence[str] = ()
    """Lines without which no record is made."""
    parameters: Sequence[ActionParameter] = ()
    """What POST takes where a page of the screen's own makes the records."""
    moved_in: Sequence[str] = ()
    """Fields that only somebody with the right to move in may set, and only of a new record."""
    resource_name: Any = None
    """Its name in the address; default: the screen's `path`."""

    def __init__(self) -> None:
        made = screens().get(self.screen.__name__)
        self.of: Declaration = made if made is not None else self.screen()
        self.model, self.view = self.of.model, self.of.view
        for name in ("adds", "edits", "archives"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(self.of, name))
        self.resource_name = self.resource_name or self.of.path

    def permissions(self) -> Sequence[str]:
        usual = [name for name in self.of.permissions() if name in ("read", "write", "delete")]
        return [*usual, *([MOVE_IN] if self.moved_in else [])]

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
            if attr.writable and attr.kind:
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

    @cached_property
    def has_version(self) -> bool:
        """Whether its records count how often they were changed."""
        return "version" in table_of(self.model).c
