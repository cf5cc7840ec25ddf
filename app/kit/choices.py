"""Choices: what a column may hold, with the label and tone that screens, exports and mails show.

Stored as text, never as a PostgreSQL enum: an index serves text under row-level security, and a new
member is no migration of a type. Each such column carries a CHECK with its values.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Self, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Dialect, Text, TypeDecorator
from sqlalchemy.orm import MappedColumn
from sqlalchemy.sql import operators
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from app.kit.database.checked import checked
from app.kit.errors import Conflict

C = TypeVar("C", bound="Choice")

# Comparisons whose other side is one of the values; any other (LIKE, concatenation) is between
# plain texts.
_BY_VALUE = {
    operators.eq,
    operators.ne,
    operators.in_op,
    operators.not_in_op,
    operators.is_,
    operators.is_not,
    operators.is_distinct_from,
    operators.is_not_distinct_from,
}


class Choice(StrEnum):
    """Members are written `DRAFT = "draft", _l("Draft"), "grey"`: value, label, tone."""

    label: Any
    tone: str

    def __new__(cls, value: str, label: Any = None, tone: str = "grey") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = value.replace("_", " ").capitalize() if label is None else label
        member.tone = tone
        return member

    @classmethod
    def options(cls) -> list[tuple[str, Any]]:
        """(value, label) of every member, in order, for select fields."""
        return [(member.value, member.label) for member in cls]


class ChoiceType(TypeDecorator[Choice]):
    """Text in the database, the member in Python."""

    impl = Text
    cache_ok = True

    def __init__(self, choices: type[Choice]) -> None:
        self.choices = choices
        super().__init__()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Choice | None:
        return None if value is None else self.choices(value)

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        return self if op is None or op in _BY_VALUE else Text()

    @property
    def python_type(self) -> type[Any]:
        return self.choices


def choice(choices: type[C], **kw: Any) -> MappedColumn[Any]:
    """Return a mapped column whose values are the members of `choices`."""
    values = ", ".join("'" + member.value.replace("'", "''") + "'" for member in choices)
    return checked(f"{{column}} IN ({values})", ChoiceType(choices), **kw)


def choices_of(column: Any) -> type[Choice] | None:
    """Return the choices that a column (or mapped attribute) holds; None for any other column."""
    kind = getattr(column, "type", None)
    return kind.choices if isinstance(kind, ChoiceType) else None


def can_move(present: C, moves: Mapping[C, Collection[C]], to: C) -> bool:
    """Whether the table of moves leads from `present` to `to`."""
    return to in moves.get(present, ())


def move(obj: Any, moves: Mapping[C, Collection[C]], to: C, *, attribute: str = "status") -> None:
    """Set the status, the only way there is. Raises Conflict when the table of moves forbids it."""
    present: C = getattr(obj, attribute)
    if not can_move(present, moves, to):
        raise Conflict(
            _l(
                "The status is “%(present)s” and cannot become “%(wanted)s”.",
                present=present.label,
                wanted=to.label,
            ),
            field=attribute,
        )
    setattr(obj, attribute, to)
