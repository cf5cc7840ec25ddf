"""The small values that a screen is declared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.kit.plurals import Counted
from app.kit.screens.pages import Card, Kind, Text


class Operation(Protocol):
    """A verb of a domain: flushes, never commits, raises CrmError.

    What it makes beside the record it returns.
    """

    def __call__(
        self, session: Session, obj: Any, /, *, by: int | None, at: datetime
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class ActionParameter:
    """Something that an operation wants to be told, under the name of its parameter."""

    name: str
    label: Text
    kind: Literal["text", "texts", "id", "ids", "flag"] = "text"
    required: bool = False
    longest: int = 200
    """Of a text, the characters; of a list, the values."""
    values: Sequence[str] = ()
    """Where it is one of a few words."""


@dataclass(frozen=True, slots=True)
class RecordAction:
    """A button on a record that calls an operation. `when(obj)` says whether it is offered at all.

    The right's name is the key under which the screen declares it. `confirm` names the consequence.
    The API offers each as `POST /api/v1/<plural>/<id>/<key>`.
    """

    operation: Any
    """An `Operation`, which may take what `asks` names."""
    label: Text
    icon: str = ""
    danger: bool = False
    confirm: Text = ""
    done: Text = ""
    """The sentence shown afterwards."""
    when: Callable[[Any], bool] | None = None
    primary: bool = False
    """The one filled button of the record, where `when` holds."""
    parameters: Sequence[ActionParameter] = ()
    """What callers may tell; what they must, a button cannot ask: see `Screen.page_actions`."""
    needs: tuple[str, str] | None = None
    """The right as (permission, view), where it is another one than the key."""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """An operation done with many records by a job, one after another.

    A refusal is noted and skips the record.
    """

    operation: Operation
    label: Text
    icon: str = ""
    danger: bool = False
    confirm: Text | Counted = ""
    """`{n}` becomes the number of records: `_ln("{n} order is …", "{n} orders are …")`."""


MOST_LINES = 1000
"""As many lines are taken with a record, in a form and by the API."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Children edited inside the parent's form.

    `name` is the relation, `columns` attributes of the child.
    """

    name: str
    label: Text
    columns: Sequence[str]
    add_label: Text = ""
    hint: Text = ""
    removable: bool = True
    editable: bool = True
    """False shows the lines on the record only."""
    also_told: Sequence[str] = ()
    """Attributes that programs read besides, and nobody sends."""


@dataclass(frozen=True, slots=True)
class Related:
    """A tab with the list of another screen, limited to rows whose relation `by` is this record.

    `view` is that screen's right ("Order"). The tab is there only for those who may read it.
    """

    view: str
    by: str
    label: Text = ""
    columns: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"{self.view}-{self.by}".lower()


@dataclass(frozen=True, slots=True)
class Panel:
    """A tab that is drawn by a function: render(session, obj) -> Markup or cards."""

    name: str
    label: Text
    render: Callable[[Session, Any], str | Sequence[Card]]
    needs: tuple[str, str] | None = None
    """A right of its own as (permission, view)."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A list column that is no column.

    `load(session, ids)` gives all values of a page in one query.
    """

    label: Text
    load: Callable[[Session, Sequence[int]], Mapping[int, object]]
    kind: Kind = "text"
    guard: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """What the API finds records by besides their own unique texts.

    `condition(session, value)` compares the whole value; it raises Invalid for one that is none.
    """

    condition: Callable[[Session, str], ColumnElement[bool]]
    label: Text
    guard: str = ""
