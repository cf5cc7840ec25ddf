"""What the files of the house declare, by name, and what domains give to those further up.

A `Registry` is the one way in which something is made known: jobs, schedules, subscribers, SQL
functions, words of refusals, tabs. Each domain's `extends.py` (its `jobs` and `events` by
themselves) registers; the page, the segment compiler, the importer, the nightly check iterate.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, SQLColumnExpression
from sqlalchemy.orm import Session

from app.kit.choices import Choice

T = TypeVar("T")


class Duplicate(ValueError):
    """Two different entries want one name."""


class Unknown(LookupError):
    """Nothing was registered under that name."""


class Registry(Generic[T]):
    """Entries by name, in the order of registration (or of their `order`, where they have one).

    One rule for a name that is taken: an entry that equals the one there is taken once, since one
    process may build two applications; any other raises Duplicate, which shows both. So entries
    are frozen dataclasses, and their callables functions of a module. `key` gives an entry's name
    where that is not its `name`.
    """

    def __init__(self, kind: str, *, key: Callable[[T], Any] = attrgetter("name")) -> None:
        self.kind, self._key = kind, key
        self._entries: dict[Any, T] = {}

    def register(self, *entries: T) -> None:
        """Add entries. Raises Duplicate when a different one has the name."""
        for entry in entries:
            name = self._key(entry)
            known = self._entries.setdefault(name, entry)
            if known != entry:
                raise Duplicate(f"There are two of the {self.kind} “{name}”: {known} and {entry}.")

    def get(self, name: Any) -> T | None:
        """Return the entry of that name, or None."""
        return self._entries.get(name)

    def only(self) -> T | None:
        """Return the entry of a registry that holds one at most (its `key` is `sole`)."""
        return next(iter(self), None)

    def __getitem__(self, name: Any) -> T:
        """Return the entry of that name. Raises Unknown."""
        if name not in self._entries:
            raise Unknown(f"There is no {self.kind} “{name}”.")
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._entries.values(), key=lambda entry: getattr(entry, "order", 0)))

    def __len__(self) -> int:
        return len(self._entries)

    def names(self) -> list[Any]:
        """Return the names, in order."""
        return [self._key(entry) for entry in self]


def sole(_entry: object) -> str:
    """Give every entry one name: the `key` of a registry that holds one at most."""
    return "only"


@dataclass(frozen=True)
class SegmentCondition:
    """One thing that can be asked about clients.

    `where` makes the SQL for a comparison: (client id column, operator, value) → condition. `kind`
    is what the form draws: number, money, date, text, choice or record.
    """

    name: str
    label: Any
    kind: str
    where: Callable[[SQLColumnExpression[int], str, Any], ColumnElement[bool]]
    operators: tuple[str, ...] = ("is", "is_not")
    area: Any = ""
    help: Any = ""
    choices: type[Choice] | None = None
    options: Callable[[Session], Iterable[tuple[str, Any]]] | None = None
    permission: str | None = None
    order: int = 0

    def offered(self, session: Session) -> Iterable[tuple[str, Any]]:
        """Return what the form offers to choose from, as (value, label)."""
        if self.choices is not None:
            return self.choices.options()
        return self.options(session) if self.options is not None else ()


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
class FileOwner:
    """A kind of record that files hang on.

    `may_read(session, id)` asks under the reader's own rights.
    """

    name: str
    may_read: Callable[[Session, int], bool]


segment_conditions: Registry[SegmentCondition] = Registry("segment condition")
timeline_kinds: Registry[TimelineKind] = Registry("timeline kind")
imports: Registry[ImportKind] = Registry("import")
invariants: Registry[Invariant] = Registry("invariant")
merge_handlers: Registry[MergeHandler] = Registry("merge handler")
erase_handlers: Registry[EraseHandler] = Registry("erase handler")
demo_data: Registry[DemoData] = Registry("demo data")
file_owners: Registry[FileOwner] = Registry("file owner")


def broken_invariants(session: Session, *, limit: int = 20) -> Mapping[str, list[Any]]:
    """Return the first offending rows of each invariant that the stamped company breaks."""
    found = {
        invariant.name: list(session.execute(invariant.offending().limit(limit)))
        for invariant in invariants
    }
    return {name: rows for name, rows in found.items() if rows}
