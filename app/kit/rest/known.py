"""The resources that an application has."""

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from app.kit.rest.resource import Resource


def note_resource(resource: "Resource") -> None:
    """Remember a registered resource in the application."""
    resources()[resource.resource_name] = resource


def resources() -> dict[str, "Resource"]:
    """Every resource of this application by its name in the address."""
    found: dict[str, Resource] = current_app.extensions.setdefault("crm_resources", {})
    return found
