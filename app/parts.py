"""The parts of the house in the order in which they may know each other."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from app.kit.database.install import search
from app.kit.database.model import Model

# A domain imports only domains above it in this list; `kit` imports none.
DOMAINS = (
    "company",
    "messages",
    "catalogue",
    "clients",
    "value",
    "stock",
    "orders",
    "cashier",
    "campaigns",
    "insights",
)
# The kit's own tables.
KIT_MODELS = (
    "app.kit.database.audit",
    "app.kit.settings.models",
    "app.kit.files.models",
    "app.kit.numbering",
    "app.kit.idempotency",
    "app.kit.jobs.models",
    "app.kit.events.models",
    "app.kit.retention",
    "app.kit.screens.models",
    "app.kit.imports.models",
)

# The kit's own screens, each module with its SCREENS.
KIT_SCREENS = (
    "app.kit.jobs.screens",
    "app.kit.events.screens",
    "app.kit.imports.screens",
    "app.kit.settings.screens",
    "app.kit.rest.openapi",
    "app.kit.screens.global_search",
)


def load_models() -> None:
    """Import every table, so that the metadata is complete."""
    for name in (*KIT_MODELS, *(f"app.{domain}.models" for domain in DOMAINS)):
        if _exists(name):
            import_module(name)
    search.register_all(Model.metadata)


def load_room(room: str) -> list[ModuleType]:
    """Import one room of every domain that has it, in order, and return the modules."""
    names = [f"app.{domain}.{room}" for domain in DOMAINS]
    return [import_module(name) for name in names if _exists(name)]


def load_background() -> None:
    """Import every file of every domain's jobs and events: what they declare is known from then."""
    for room in (*load_room("jobs"), *load_room("events")):
        for one in walk_packages(getattr(room, "__path__", ()), f"{room.__name__}."):
            import_module(one.name)


def load_kit_screens() -> list[type[Any]]:
    """Import the kit's own screens and return them, in order."""
    return [screen for name in KIT_SCREENS for screen in import_module(name).SCREENS]


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
