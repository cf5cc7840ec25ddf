"""Which screens and resources an application has, and what other domains add to them."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy.orm import Session

from app.kit.screens.declare import Do, Panel, Related
from app.kit.screens.pages import Card

if TYPE_CHECKING:
    from app.kit.rest import Resource
    from app.kit.screens.base import Screen

Figure = Callable[[Session, Any], Card | None]

TABS: dict[str, dict[str, Related | Panel]] = defaultdict(dict)
FIGURES: dict[str, list[Figure]] = defaultdict(list)
ACTIONS: dict[str, dict[str, Do]] = defaultdict(dict)
PAGE_ACTIONS: dict[str, dict[str, Do]] = defaultdict(dict)
KNOWN: dict[str, "Screen"] = {}
"""The screens of this process by name, for jobs, which run outside a request."""


def add_tab(view: str, tab: Related | Panel) -> None:
    """Put a tab on the records of a screen of a domain further up. Said twice, it counts once."""
    TABS[view][tab.name] = tab


def add_figure(view: str, figure: Figure) -> None:
    """Put a card into the right column of a screen's records."""
    if figure not in FIGURES[view]:
        FIGURES[view].append(figure)


def add_action(view: str, name: str, action: Do) -> None:
    """Put a button on the records of a screen; its right is (name, view)."""
    ACTIONS[view][name] = action


def add_page_action(view: str, name: str, action: Do) -> None:
    """Say what a page of another domain does with a screen's records, for the API."""
    PAGE_ACTIONS[view][name] = action


def note_screen(screen: "Screen") -> None:
    """Remember a registered screen in the application."""
    _of("crm_screens")[screen.name] = screen
    KNOWN[screen.name] = screen


def note_resource(resource: "Resource") -> None:
    """Remember a registered resource in the application."""
    _of("crm_resources")[resource.resource_name] = resource


def _of(key: str) -> dict[str, Any]:
    found: dict[str, Any] = current_app.extensions.setdefault(key, {})
    return found


def screens() -> dict[str, "Screen"]:
    """Every screen of this application by its name."""
    return _of("crm_screens")


def resources() -> dict[str, "Resource"]:
    """Every resource of this application by its name in the address."""
    return _of("crm_resources")


def screen_of_view(view: str) -> "Screen | None":
    """Return the first screen whose rights are kept under `view`."""
    return next((screen for screen in screens().values() if screen.view == view), None)


def screen_of_model(model: type[Any]) -> "Screen | None":
    """Return the screen of records of `model`; one without a fixed condition is preferred."""
    found = [screen for screen in screens().values() if screen.model is model]
    found.sort(key=lambda screen: screen.where is not None)
    return found[0] if found else None


def rights() -> Iterator[tuple[str, str]]:
    """Every (permission, view) that the registered screens and resources ask for."""
    seen: set[tuple[str, str]] = set()
    parts: list[Any] = [*screens().values(), *resources().values()]
    for part in parts:
        for permission in part.permissions():
            right = (permission, part.view)
            if right not in seen:
                seen.add(right)
                yield right
