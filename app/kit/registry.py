"""What a domain further down adds to one further up without being known there.

Each domain's `extends.py` registers; the page, the segment compiler, the importer, the nightly
check iterate. An entry is a frozen dataclass with a `name`. Its callables are functions of a
module, so that an entry built twice (one process, two applications) equals itself and is taken
once; another entry under the same name is an error.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, SQLColumnExpression
from sqlalchemy.orm import Session

from app.kit.database.install.fixed import moving

if TYPE_CHECKING:
    from datetime import date


class Named(Protocol):
    """Anything with a name of its own."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Duplicate(ValueError):
    """Two different entries want one name."""


class Registry(Generic[T]):
    """Entries by name, in the order of registration (or of their `order`, where they have one)."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, *entries: T) -> None:
        """Add entries. Raises Duplicate when a different one has the name."""
        for entry in entries:
            known = self._entries.setdefault(entry.name, entry)
            if known != entry:
                raise Duplicate(f"There are two of the {self.kind} “{entry.name}”.")

    def get(self, name: str) -> T | None:
        """Return the entry of that name, or None."""
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        """Return the entry of that name. Raises KeyError in words."""
        try:
            return self._entries[name]
        except KeyError:
            raise KeyError(f"There is no {self.kind} “{name}”.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._entries.values(), key=lambda entry: getattr(entry, "order", 0)))

    def __len__(self) -> int:
        return len(self._entries)

    def names(self) -> list[str]:
        """Return the names, in order."""
        return [entry.name for entry in self]

    def on(self, page: str) -> list[T]:
        """Return the entries whose `page` is this one, in order: tabs, figures, tiles."""
        return [entry for entry in self if getattr(entry, "page", None) == page]


@dataclass(frozen=True)
class SegmentCondition:
    """One thing that can be asked about clients.

    `where` makes the SQL for a comparison: (client id column, operator, value) → condition. `kind`
    is what the form draws: number, money, date, text, choice, list, country, ….
    """

    name: str
    label: Any
    kind: str
    where: Callable[[SQLColumnExpression[int], str, Any], ColumnElement[bool]]
    operators: tuple[str, ...] = ("is", "is_not")
    area: Any = ""
    help: Any = ""
    options: Callable[[Session], Iterable[tuple[str, Any]]] | None = None
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class Tab:
    """A tab on another domain's page.

    `render` gets (session, record) and returns what the template shows.
    """

    name: str
    page: str
    label: Any
    render: Callable[[Session, Any], Any]
    template: str | None = None
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class Figure:
    """One number with a label on another domain's page; `value` gets (session, record)."""

    name: str
    page: str
    label: Any
    value: Callable[[Session, Any], Any]
    kind: str = "number"
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class TimelineKind:
    """A kind of row in the client's timeline.

    `link` makes the address of what the row points to.
    """

    name: str
    label: Any
    icon: str
    tone: str = "grey"
    link: Callable[[int], str] | None = None
    permission: str | None = None


@dataclass(frozen=True)
class Hit:
    """One line of a search's answer."""

    id: int
    title: str
    subtitle: str
    url: str


@dataclass(frozen=True)
class SearchKind:
    """What the search over everything looks through. `find` gets (session, typed text, limit)."""

    name: str
    label: Any
    find: Callable[[Session, str, int], list[Hit]]
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class Tile:
    """A tile of a dashboard.

    `data` gets (session, first day, last day) and returns what the template shows.
    """

    name: str
    page: str
    label: Any
    data: "Callable[[Session, date, date], Any]"
    template: str
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class ImportKind:
    """An import, on screen and as `flask crm import NAME`.

    `run(stamp, files, **options)` opens its own transactions and returns the report. `company` is
    what a company made for this source is like: currency, country, zone.
    """

    name: str
    label: Any
    run: Callable[..., Any]
    help: Any = ""
    columns: tuple[Any, ...] = ()
    company: tuple[tuple[str, str], ...] = ()
    permission: str | None = None
    order: int = 0


@dataclass(frozen=True)
class Invariant:
    """What must always hold in a company.

    `offending` selects the rows that break it; none is well.
    """

    name: str
    sentence: Any
    offending: Callable[[], Select[Any]]
    order: int = 0


@dataclass(frozen=True)
class MergeHandler:
    """Moves what hangs on one record to another of its kind: `merge(session, from_id, into_id)`."""

    name: str
    kind: str
    merge: Callable[[Session, int, int], None]
    order: int = 0


@dataclass(frozen=True)
class EraseHandler:
    """Removes or blanks what is personal about a record: `erase(session, id)`."""

    name: str
    kind: str
    erase: Callable[[Session, int], None]
    order: int = 0


@dataclass(frozen=True)
class DemoData:
    """Rows of the demo company: `load(session, size)` with size small or large; run in `order`."""

    name: str
    load: Callable[[Session, str], object]
    order: int = 0


@dataclass(frozen=True)
class Permission:
    """A right in plain words, grouped by area.

    `grants` are the (permission, view) pairs it stands for.
    """

    name: str
    label: Any
    area: Any
    grants: tuple[tuple[str, str], ...] = ()
    help: Any = ""
    order: int = 0


@dataclass(frozen=True)
class FileOwner:
    """A kind of record that files hang on.

    `may_read(session, id)` asks under the reader's own rights.
    """

    name: str
    may_read: Callable[[Session, int], bool]


segment_conditions: Registry[SegmentCondition] = Registry("segment condition")
tabs: Registry[Tab] = Registry("tab")
figures: Registry[Figure] = Registry("figure")
timeline_kinds: Registry[TimelineKind] = Registry("timeline kind")
search_kinds: Registry[SearchKind] = Registry("search kind")
tiles: Registry[Tile] = Registry("tile")
imports: Registry[ImportKind] = Registry("import")
invariants: Registry[Invariant] = Registry("invariant")
merge_handlers: Registry[MergeHandler] = Registry("merge handler")
erase_handlers: Registry[EraseHandler] = Registry("erase handler")
demo_data: Registry[DemoData] = Registry("demo data")
permissions: Registry[Permission] = Registry("permission")
file_owners: Registry[FileOwner] = Registry("file owner")


def merge(session: Session, kind: str, from_id: int, into_id: int) -> None:
    """Let every domain move what hangs on `from_id` to `into_id`, in the caller's transaction."""
    with moving(session, f"{kind}_id", from_id, into_id):
        for handler in merge_handlers:
            if handler.kind == kind:
                handler.merge(session, from_id, into_id)


def erase(session: Session, kind: str, record_id: int) -> None:
    """Let every domain remove what it holds about a person, in the caller's transaction."""
    for handler in erase_handlers:
        if handler.kind == kind:
            handler.erase(session, record_id)


def broken_invariants(session: Session, *, limit: int = 20) -> Mapping[str, list[Any]]:
    """Return the first offending rows of each invariant that the stamped company breaks."""
    found = {
        invariant.name: list(session.execute(invariant.offending().limit(limit)))
        for invariant in invariants
    }
    return {name: rows for name, rows in found.items() if rows}
