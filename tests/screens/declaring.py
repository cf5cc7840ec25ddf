"""What the walk is told about each screen, by `tests/<domain>/walk.py`.

    WALK = {
        CertificateScreen: Told(
            does={
                "activate": partial(factories.make_certificate, active=False),
                "block": factories.make_certificate,
            },
        ),
    }

For each action a function (session) -> record that it succeeds with. What else there is to know of
an action is said by `On`. A screen whose form takes what follows from its columns needs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.kit.screens import Screen
from tests.screens import filling

TESTS = Path(__file__).resolve().parent.parent

Make = Callable[[Session], Any]


@dataclass(frozen=True)
class Page:
    """What the page of an action's own sends: below the screen's address, unless it begins by /."""

    tail: str
    """With `{pk}` for the record."""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class On:
    """How an action is carried out: the record, what is told, and what must have come of it."""

    make: Make
    told: Mapping[str, Any] | Callable[[Session, Any], Mapping[str, Any]] = field(
        default_factory=dict
    )
    """What a program sends with it."""
    page: Page | Callable[[Session, Any], Page] | None = None
    """Of an action on a page of its own."""
    writes: type[Any] | Table | None = None
    """What gets a row, where the record itself says nothing else afterwards."""
    again: str = ""
    """Why it may be done a second time, where that is no mistake."""


Values = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What the walk cannot know of a screen by itself.

    Values are those that do not follow from their columns, under the names of fields; None leaves
    a field empty, an object under the name of lines is one line.
    """

    does: Mapping[str, Make | On] = field(default_factory=dict)
    """By action, the record that it succeeds with."""
    adds: Values | Callable[[Session], Values] = field(default_factory=dict)
    """What is typed into the form of a new record."""
    edits: Values | Callable[[Session], Values] = field(default_factory=dict)
    """What is typed into the form of a record that is there; else what is typed into a new one."""
    sends: Values | Callable[[Session], Values] | None = None
    """All that a program sends for a new record, where that is not what is typed."""
    open: Make | None = None
    """A record that can be edited, where not each can."""
    makes: type[Any] | None = None
    """What the form for a new one makes, where that is none of the screen's records."""


@cache
def declared() -> dict[type[Screen], Told]:
    """Return what the domains say of their screens; each is spoken of in one place."""
    found: dict[type[Screen], Told] = {}
    for path in sorted(TESTS.glob("*/walk.py")):
        said: Mapping[type[Screen], Told] = import_module(f"tests.{path.parent.name}.walk").WALK
        twice = found.keys() & said.keys()
        assert not twice, f"{path} speaks of {twice}, which another walk.py does already."
        found |= said
    return found


def told_of(screen: type[Screen]) -> Told:
    """Return what is said of a screen, if anything."""
    return declared().get(screen, Told())


def opened(screen: type[Screen]) -> Make:
    """Return what makes a record that can be edited."""
    return told_of(screen).open or partial(filling.make, screen=screen)


def home_of(screen: type[Screen]) -> str:
    """Return the file that speaks of a screen."""
    parts = screen.__module__.split(".")
    return f"tests/{parts[2] if parts[1] == 'kit' else parts[1]}/walk.py"
