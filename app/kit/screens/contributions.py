"""What other domains add to a screen: tabs, cards, and what pages of theirs do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from app.kit.registry import Registry
from app.kit.screens.elements import Panel, RecordAction, Related
from app.kit.screens.pages import Card

A = TypeVar("A")
Figure = Callable[[Session, Any], Card | None]


@dataclass(frozen=True, slots=True)
class Added(Generic[A]):
    """`what` is on the records of the screen whose rights are kept under `view`."""

    view: str
    name: str
    what: A


def _key(one: Added[Any]) -> tuple[str, str]:
    return one.view, one.name


TABS: Registry[Added[Related | Panel]] = Registry("tab", key=_key)
FIGURES: Registry[Added[Figure]] = Registry("card", key=_key)
PAGE_ACTIONS: Registry[Added[RecordAction]] = Registry("action of a page", key=_key)


def added(registry: Registry[Added[A]], view: str) -> dict[str, A]:
    """Return what was added to a screen, by name, in order."""
    return {one.name: one.what for one in registry if one.view == view}


def add_tab(view: str, tab: Related | Panel) -> None:
    """Put a tab on the records of a screen of a domain further up."""
    TABS.register(Added(view, tab.name, tab))


def add_figure(view: str, figure: Figure) -> None:
    """Put a card into the right column of a screen's records."""
    FIGURES.register(Added(view, figure.__name__, figure))


def add_page_action(view: str, name: str, action: RecordAction) -> None:
    """Say what a page of another domain does with a screen's records, for the API."""
    PAGE_ACTIONS.register(Added(view, name, action))
