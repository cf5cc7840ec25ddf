"""REST resources of clients that are more than their screen."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.clients.choices import SegmentKind
from app.clients.models import Segment
from app.clients.screens import SegmentScreen
from app.clients.segments import editor
from app.kit.errors import Invalid
from app.kit.rest import Resource
from app.kit.rest.values import ApiField, api_field


class SegmentResource(Resource):
    """A segment with its conditions, which are checked as the editor checks them."""

    screen = SegmentScreen
    fields = ("name", "kind", "definition", "note")
    writable = ("name", "note")

    @cached_property
    def writable_fields(self) -> dict[str, ApiField]:
        """No form takes conditions as JSON; a program writes them so."""
        definition = api_field("definition", self.of.attr("definition"))
        return {**super().writable_fields, "definition": definition}

    def take(
        self, session: Session, body: Mapping[str, Any], *, adding: bool, pk: int = 0
    ) -> dict[str, Any]:
        """Check the conditions too."""
        values = super().take(session, body, adding=adding, pk=pk)
        if "definition" in values:
            try:
                editor.check_definition(values["definition"])
            except Invalid as error:
                raise Invalid(error.message, field="definition") from error
        return values

    def create(
        self, session: Session, values: dict[str, Any], *, by: int | None, at: datetime
    ) -> Segment:
        """Keep conditions that are asked anew each time."""
        made = Segment(kind=SegmentKind.SAVED, **values)
        session.add(made)
        return made


ALL = [SegmentResource]
