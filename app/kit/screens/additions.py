"""What other domains add to a screen: tabs, cards, buttons, and what pages of theirs do."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.kit.screens.declare import Do, Panel, Related
from app.kit.screens.pages import Card

Figure = Callable[[Session, Any], Card | None]

TABS: dict[str, dict[str, Related | Panel]] = defaultdict(dict)
FIGURES: dict[str, list[Figure]] = defaultdict(list)
ACTIONS: dict[str, dict[str, Do]] = defaultdict(dict)
PAGE_ACTIONS: dict[str, dict[str, Do]] = defaultdict(dict)


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
