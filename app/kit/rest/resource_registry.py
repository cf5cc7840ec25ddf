"""The resources that an application has."""

from flask import current_app

from app.kit.rest.declaration import ResourceDeclaration


def note_resource(resource: ResourceDeclaration) -> None:
    """Remember a registered resource in the application."""
    resources()[resource.resource_name] = resource


def resources() -> dict[str, ResourceDeclaration]:
    """Every resource of this application by its name in the address."""
    found: dict[str, ResourceDeclaration] = current_app.extensions.setdefault("crm_resources", {})
    return found
