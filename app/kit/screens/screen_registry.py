"""The screens that an application has."""

from typing import Any

from flask import current_app

from app.kit.screens.declaration import Declaration


def note_screen(screen: Declaration) -> None:
    """Remember a registered screen in the application."""
    screens()[screen.name] = screen


def screens() -> dict[str, Declaration]:
    """Every screen of this application by its name."""
    found: dict[str, Declaration] = current_app.extensions.setdefault("crm_screens", {})
    return found


def screen_of_view(view: str) -> Declaration | None:
    """Return the first screen whose rights are kept under `view`."""
    return next((screen for screen in screens().values() if screen.view == view), None)


def screen_of_model(model: type[Any]) -> Declaration | None:
    """Return the screen of records of `model`; one without a fixed condition is preferred."""
    found = [screen for screen in screens().values() if screen.model is model]
    found.sort(key=lambda screen: screen.where is not None)
    return found[0] if found else None
