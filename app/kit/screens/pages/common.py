"""The words and small parts that every page is put together from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from flask_babel.speaklater import LazyString

Text: TypeAlias = str | LazyString
"""A text for people: escaped by the template unless it is Markup."""

Tone: TypeAlias = Literal[
    "", "good", "warn", "bad", "info", "green", "amber", "red", "blue", "grey"
]
"""The state a thing is in.

The colour words of `choices.py` and the four of the style sheet both work.
"""

Kind: TypeAlias = Literal[
    "text",
    "num",
    "money",
    "price",
    "percent",
    "date",
    "datetime",
    "badge",
    "lead",
    "link",
    "bool",
    "tags",
]
"""How a column's values are written. `lead` is the first column, the name of the row; `price` is
money for one, which keeps decimals below its currency's."""

FilterKind: TypeAlias = Literal["text", "num", "money", "date", "choice", "bool", "lookup"]
ChartKind: TypeAlias = Literal["line", "bar", "heatmap", "pie"]
Width: TypeAlias = Literal["third", "half", "full"]


class WtField(Protocol):
    """The part of a bound WTForms field that the templates use."""

    id: str
    name: str
    data: object


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere. Without a URL it is shown as plain text."""

    label: Text
    url: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state of one record: a dot and a word."""

    label: Text
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button, or an entry of a menu. `get` is a link, `post` sends the CSRF token and `version`.

    `confirm` names the consequence ("The order is cancelled and its stock is free again."); when it
    is given, the reader is asked first and `confirm_label` (else `label`) is written on the button
    that does it. `disabled` says why it cannot be done now; the button is then shown but does
    nothing.
    """

    label: Text
    url: str = ""
    icon: str = ""
    method: Literal["get", "post"] = "get"
    danger: bool = False
    confirm: Text = ""
    confirm_label: Text = ""
    version: int | None = None
    disabled: Text = ""
    wide: bool = False
    """Hidden on phones."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on a coloured ground, above the content."""

    text: Text
    tone: Tone = "info"
    icon: str = ""
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Empty:
    """What stands in place of rows.

    What this place is for and the first step, or which filters exclude each other.
    """

    title: Text
    text: Text = ""
    icon: str = "filter-off"
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One state of a path: `note` is when or how it got there."""

    label: Text
    note: Text = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every page has."""

    title: Text
    crumbs: Sequence[Link] = ()
    """From the area down to the parent; empty on a page that is directly in the menu."""
    badges: Sequence[Badge] = ()
    facts: Text = ""
    """One line under the title."""
    actions: Sequence[Action] = ()
    """The quiet buttons."""
    more: Sequence[Action] = ()
    """The menu of further actions, at most 7; those with `danger` come last, after a rule."""
    primary: Action | None = None
    """The one filled button: the next step."""
    notes: Sequence[Note] = ()
