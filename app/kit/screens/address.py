"""The address of a list: what it asks for, and the addresses of its neighbours."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

FILTER = "f."
SCOPE = "of."
PAGE = "at"
Pairs = Sequence[tuple[str, str]]


def _kept(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Leave out what says nothing; a filter without its value stays: it must not open the list."""
    return tuple((k, v) for k, v in pairs if v != "" or k.startswith((FILTER, SCOPE)))


@dataclass(frozen=True, slots=True)
class Address:
    """The query string of a list, read once; `base` is the path before it."""

    base: str
    args: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, base: str, args: MultiDict[str, str]) -> "Address":
        return cls(base, _kept(args.items(multi=True)))

    @classmethod
    def read(cls, base: str, query: str) -> "Address":
        """Return the address whose query string was kept: a saved view, a bulk run."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return cls(base, _kept((k, v.replace("\x00", "")) for k, v in pairs))

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.args if key == name), None)

    @property
    def words(self) -> str:
        return (self.get("q") or "").replace("\x00", "").strip()[:200]

    @property
    def columns(self) -> list[str]:
        return [name for name in (self.get("cols") or "").split(",") if name]

    def filters(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(field, operator, values) in the order of the address."""
        found: dict[str, list[str]] = {}
        for key, value in self.args:
            if key.startswith(FILTER):
                found.setdefault(key, []).append(value)
        for key, values in found.items():
            field, _, operator = key.removeprefix(FILTER).rpartition(".")
            yield field or operator, operator if field else "", tuple(values)

    def scopes(self) -> list[tuple[str, str]]:
        """(relation, id) that a tab limits its list to."""
        return [(k.removeprefix(SCOPE), v) for k, v in self.args if k.startswith(SCOPE)]

    def without(self, *names: str) -> Pairs:
        """Return the parameters but for `names`; who changes what is listed leaves the page."""
        return [(k, v) for k, v in self.args if k not in names and k != PAGE]

    def url(self, pairs: Pairs) -> str:
        return f"{self.base}?{urlencode(pairs)}" if pairs else self.base

    def with_(self, **changes: str) -> str:
        """Return this address with some parameters replaced."""
        return self.url([*self.without(*changes), *((k, v) for k, v in changes.items() if v)])

    @property
    def query(self) -> str:
        """What a saved view keeps: everything but the page and the scope."""
        kept = [(k, v) for k, v in self.without("part") if not k.startswith(SCOPE)]
        return urlencode(kept)

    @property
    def rows(self) -> str:
        """What says which rows are meant: everything but the page, the record's tab included."""
        return urlencode(self.without("part"))
