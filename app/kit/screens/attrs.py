"""What is known about a name in a declaration: read once from the model, used by every page.

Names are attributes of the model: a column, a relation to one ("home_store": shown by its name,
chosen by a remote select, links to its page), or a dotted column behind relations to one
("home_store.city", "figures.total"). Label, help, unit, guard and currency come from the column's
`info` (of a relation: from the info of its `link` column), badges from its choices. Of `info`:

- `currency` names the sibling column with a currency code;
- `format` is "phone", "email", "percent", "long" (a text of several lines), "hours" (opening
  hours), "address" (a postal address), "pairs" (names with values; `pairs` says what the two
  columns are called), "texts" (in other languages; `texts_of` names the columns, default "name"),
  "country", "language", "currency" or "zone" (codes that people read and choose by name:
  app/kit/codes.py) or "json" (only to be read: nobody types JSON into a form);
- by a link that is `living` no form and no program names an archived record, where it is not named
  already; `within` of a link names a relation that the offered records share with the form's (a
  return's line: the lines of its order);
- `told` is a function that says what of a value the present reader is told, where a whole guard is
  too coarse (an event's data).

What a record is called: `Table.info["title"]` names one text column; without it the first there is
of name, title, number, code, label; else its number. `Table.info["told_apart"]` names numbers that
are said beside it where others may be called the same. Filters, lookups, links and history use it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
    inspect,
)
from sqlalchemy import String as SqlString
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapper, RelationshipProperty

from app.kit.access import may
from app.kit.choices import Choice, choices_of
from app.kit.codes import CODES, Codes
from app.kit.i18n.reading import number_text
from app.kit.money import is_money
from app.kit.screens.pages import FilterKind, Kind
from app.kit.screens.pages import Text as Words

LONGEST_TEXT = 20_000
LONGEST_INDEXED = 500
"""An entry of a B-tree holds 2,704 bytes; a letter may take four, and its fold more letters."""

LONGEST_FORMS = {"phone": 60, "email": 320}
"""Longer none is, however it is written."""

_TITLES = ("name", "title", "number", "code", "label")


class UnknownColumn(ValueError):
    """A declaration names what the model does not have.

    A mistake of ours, found when the screen is made.
    """


@dataclass(frozen=True, slots=True)
class Attr:
    """One name of a declaration. `path` are the relations to one on the way to `column`.

    Of a relation, `column` is its link and `target` the model it leads to.
    """

    name: str
    label: Words
    help: Words
    kind: Kind
    column: Column[Any]
    path: tuple[str, ...] = ()
    target: type[Any] | None = None
    choices: type[Choice] | None = None
    guards: frozenset[str] = frozenset()
    unit: Words = ""
    currency: str = ""
    form: str = ""
    """`info["format"]`: phone, email, percent, long, json, texts, hours, address, pairs, or one
    of `CODES`."""

    @property
    def key(self) -> str:
        """The attribute's own name, without the path."""
        return self.name.rpartition(".")[2]

    @property
    def nullable(self) -> bool:
        return bool(self.column.nullable)

    @property
    def has_default(self) -> bool:
        """Whether a row that does not say it gets a value by itself."""
        return self.column.default is not None or self.column.server_default is not None

    @property
    def required(self) -> bool:
        """Whether every new row must say it: NOT NULL without a default."""
        return not self.nullable and not self.has_default

    @property
    def writable(self) -> bool:
        """Whether people and programs may set it: an own column that nothing computes."""
        computed = self.column.computed is not None or self.column.info.get("computed")
        return not self.path and not computed

    @property
    def offered(self) -> tuple[Choice, ...]:
        """What people and programs may choose: `info["offered"]`, else every choice there is."""
        return tuple(self.column.info.get("offered") or self.choices or ())

    @property
    def codes(self) -> Codes | None:
        """The kind of code it holds (a country, a currency), which people read by its name."""
        return CODES.get(self.form)

    @property
    def within(self) -> str:
        """The relation that the chosen record shares with the form's: `info["within"]`."""
        return str(self.column.info.get("within", ""))

    @property
    def shown_as(self) -> Kind:
        """How its values are written: as its kind says, a unit price with the decimals it has."""
        return "price" if self.column.info.get("unit_price") else self.kind

    @property
    def is_structured(self) -> bool:
        """Whether its values are objects or lists of JSON, shown in words."""
        return isinstance(self.column.type, JSONB)

    @property
    def filter_kind(self) -> FilterKind | None:
        """Which operators it has; None for what no index could serve (JSON, arrays)."""
        if self.target is not None:
            return "lookup"
        if self.choices is not None or self.codes is not None:
            return "choice"
        kinds: dict[str, FilterKind] = {
            "money": "money",
            "bool": "bool",
            "date": "date",
            "datetime": "date",
            "num": "num",
            "percent": "num",
            "text": "text",
        }
        plain = isinstance(self.column.type, JSONB | ARRAY | Time)
        return None if plain else kinds.get(self.kind)


def mapper_of(model: type[Any]) -> Mapper[Any]:
    found: Mapper[Any] = inspect(model)
    return found


def table_of(model: type[Any]) -> Table:
    return cast("Table", mapper_of(model).local_table)


def link_of(relation: RelationshipProperty[Any]) -> Column[Any]:
    """Return the column on this side that a relation to one hangs on."""
    own = [c for c in relation.local_columns if isinstance(c, Column) and c.name != "company_id"]
    own.sort(key=lambda c: "link" not in c.info)
    return own[0]


def pairs_of(relation: RelationshipProperty[Any]) -> list[tuple[str, str]]:
    """(own column, far column) without the company: the policies see to that."""
    return [
        (near.name, far.name)
        for near, far in relation.local_remote_pairs or ()
        if near.name != "company_id"
    ]


def lines_of(model: type[Any], name: str) -> tuple[type[Any], str]:
    """Return the model of a record's lines, and the column by which they hang on it."""
    relation = mapper_of(model).relationships[name]
    link = next(far.name for near, far in relation.local_remote_pairs or () if near.name == "id")
    return relation.mapper.class_, link


def _kind(column: Column[Any], form: str) -> Kind:
    if choices_of(column) is not None:
        return "badge"
    if is_money(column):
        return "money"
    if form == "percent":
        return "percent"
    for kinds, kind in _KINDS:
        if isinstance(column.type, kinds):
            return kind
    return "text"


_KINDS: tuple[tuple[Any, Kind], ...] = (
    (Boolean, "bool"),
    (DateTime, "datetime"),
    (Date, "date"),
    ((Integer, BigInteger, Numeric), "num"),
    (ARRAY, "tags"),
    ((Text, SqlString), "text"),
)


def resolve(model: type[Any], name: str) -> Attr:
    """Return what `name` means on `model`. Raises UnknownColumn."""
    *steps, last = name.split(".")
    owner, guards = model, set[str]()
    for step in steps:
        relation = mapper_of(owner).relationships.get(step)
        if relation is None or relation.uselist:
            raise UnknownColumn(f"{model.__name__} has no relation to one {step!r} in {name!r}.")
        guards |= _guards(link_of(relation))
        owner = relation.mapper.class_
    mapper = mapper_of(owner)
    relation = mapper.relationships.get(last)
    if relation is not None and not relation.uselist:
        return _attr(name, link_of(relation), guards, target=relation.mapper.class_)
    if last not in mapper.columns:
        raise UnknownColumn(f"{owner.__name__} has no column {last!r} (in {name!r}).")
    return _attr(name, mapper.columns[last], guards)


def _guards(column: Column[Any]) -> set[str]:
    return {column.info["guard"]} if column.info.get("guard") else set()


def _attr(
    name: str, column: Column[Any], guards: Iterable[str], target: type[Any] | None = None
) -> Attr:
    info = column.info
    form = str(info.get("format", ""))
    plain = name.rpartition(".")[2].removesuffix("_id").replace("_", " ").capitalize()
    return Attr(
        name=name,
        label=info.get("label") or plain,
        help=info.get("help", ""),
        kind="link" if target is not None else _kind(column, form),
        column=column,
        path=tuple(name.split(".")[:-1]),
        target=target,
        choices=choices_of(column),
        guards=frozenset(guards) | _guards(column),
        unit=info.get("unit", ""),
        currency=str(info.get("currency", "")),
        form=form,
    )


def title_column(model: type[Any]) -> Column[Any]:
    """Return the column that names a record."""
    table = table_of(model)
    if said := table.info.get("title"):
        return table.c[said]
    for name in _TITLES:
        if name in table.c:
            return table.c[name]
    return table.c.id


def fold_column(column: Column[Any]) -> Column[Any]:
    """Return the column that a text is sorted and compared by: its fold where it has one."""
    key = column.info.get("sort_by")
    if key is None and f"{column.name}_fold" in column.table.c:
        key = f"{column.name}_fold"
    return column.table.c[key] if key else column


def longest_of(column: Column[Any]) -> int:
    """How many characters a text may have: `info["longest"]`, or what it can be at most.

    A form of its own has a length, else its type or an index over it can hold no more.
    """
    said = column.info.get("longest") or getattr(column.type, "length", None)
    said = said or LONGEST_FORMS.get(column.info.get("format", ""))
    if said:
        return int(said)
    held = {column.name, fold_column(column).name}
    return LONGEST_INDEXED if held & _in_btrees(column.table) else LONGEST_TEXT


def _in_btrees(table: Any) -> set[str]:
    """Return the columns that a B-tree of the table holds."""
    found: set[str] = set()
    for index in getattr(table, "indexes", ()):
        if index.dialect_options["postgresql"]["using"] in (False, None, "", "btree"):
            found |= {getattr(part, "name", None) or "" for part in index.expressions}
    for constraint in getattr(table, "constraints", ()):
        if isinstance(constraint, UniqueConstraint):
            found |= set(constraint.columns.keys())
    return found


def title_of(obj: Any) -> str:
    """Return what one record is called."""
    value = getattr(obj, mapper_of(type(obj)).get_property_by_column(title_column(type(obj))).key)
    return called(value, obj.id)


def called(value: object, pk: object) -> str:
    """Return a title, or the number of a record without one."""
    if value is None or value == "":
        return _("No. %(number)s", number=pk)
    return str(getattr(value, "label", value))


def why_gone(attr: Attr, *, gone: bool) -> str:
    """Say why a record is not named anew: it is archived, and `info["living"]` of the link is so.

    Empty where it may be. What names it already goes on doing so.
    """
    refused = gone and attr.column.info.get("living")
    return _("This is archived. Restore it first.") if refused else ""


def apart_columns(model: type[Any]) -> list[Column[Any]]:
    """Return the columns that tell records of the same title apart, which this reader may see."""
    table = table_of(model)
    columns = [table.c[name] for name in table.info.get("told_apart", ())]
    return [one for one in columns if all(may("read", guard) for guard in _guards(one))]


def told_apart(model: type[Any], title: str, values: Iterable[Any]) -> str:
    """Return a title with the values of `apart_columns`, each under its label."""
    said = [
        f"{column.info['label']} {number_text(value)}"
        for column, value in zip(apart_columns(model), values, strict=True)
    ]
    return " · ".join([title, *said])


def apart_title_of(obj: Any) -> str:
    """Return what one record is called where others may be called the same."""
    model = type(obj)
    keys = [mapper_of(model).get_property_by_column(one).key for one in apart_columns(model)]
    return told_apart(model, title_of(obj), [getattr(obj, key) for key in keys])


def is_indexed(column: Column[Any]) -> bool:
    """Whether an index (company_id, column, …) can serve sorting by `column`."""
    table = column.table
    if column.primary_key:
        return True
    for index in getattr(table, "indexes", ()):
        if index.dialect_options["postgresql"]["where"] is not None:
            continue  # it knows some of the rows only
        names = [getattr(part, "name", None) for part in index.expressions]
        if names[:2] == ["company_id", column.name]:
            return True
    for constraint in getattr(table, "constraints", ()):
        names = [c.name for c in getattr(constraint, "columns", ())]
        if type(constraint).__name__ == "UniqueConstraint" and names[:2] == [
            "company_id",
            column.name,
        ]:
            return True
    return False
