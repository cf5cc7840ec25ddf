"""The screens that an application has."""

from typing import TYPE_CHECKING, Any

from flask import current_app

if TYPE_CHECKING:
    from app.kit.screens.base import Screen


def note_screen(screen: "Screen") -> None:
    """Remember a registered screen in the application."""
    screens()[screen.name] = screen


def screens() -> dict[str, "Screen"]:
    """Every screen of this application by its name."""
    found: dict[str, Screen] = current_app.extensions.setdefault("crm_screens", {})
    return found


def screen_of_view(view: str) -> "Screen | None":
    """Return the first screen whose rights are kept under `view`."""
    return next((screen for screen in screens().values() if screen.view == view), None)


def screen_of_model(model: type[Any]) -> "Screen | None":
    """Return the screen of records of `model`; one without a fixed condition is preferred."""
    found = [screen for screen in screens().values() if screen.model is model]
    found.sort(key=lambda screen: screen.where is not None)
    return found[0] if found else None
