"""No form asks anybody to type JSON."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import JSON

from app.clients.models import Client
from app.kit.screens import Screen
from app.kit.screens.attrs import Attr, resolve
from app.kit.screens.composite_fields import GroupField
from app.kit.screens.field_types import FORMATS
from app.kit.screens.fields import LongField
from app.kit.screens.forms import LinesForm, form_attrs
from app.kit.screens.screen_registry import screens
from app.kit.security.manager import become
from tests.screens.base import all_rights
from tests.screens.bench import reader_with

WHY = (
    'asks people to type JSON. Give the column an info["format"] whose field takes the value apart'
    ' ("hours", "texts", "address", "pairs", or one of your own in making.FORMATS), or name it in'
    " read_only."
)


def offered(screen: Screen) -> Iterator[Attr]:
    """Yield the columns of a screen's add form, its edit form and the lines in them."""
    if screen.adds:
        yield from form_attrs(screen, adding=True).values()
    if screen.edits:
        yield from form_attrs(screen, adding=False).values()
    if screen.adds or screen.edits:
        for one in screen.lines:
            if one.editable:
                yield from LinesForm(screen, None, None, one).attrs.values()  # type: ignore[arg-type]  # nothing is loaded


def complaints(name: str, attrs: Iterator[Attr] | list[Attr]) -> set[str]:
    """The columns of JSON among `attrs` that have no controls of their own."""
    return {
        f"{name}: {attr.column} {WHY}"
        for attr in attrs
        if isinstance(attr.column.type, JSON)
        and not issubclass(FORMATS.get(attr.form, object), GroupField)
    }


@pytest.fixture
def registered(built_app: Flask) -> Iterator[list[Screen]]:
    """Every screen, for a reader who may do everything."""
    with built_app.test_request_context("/"):
        become(reader_with(all_rights(built_app)))
        yield list(screens().values())


def test_no_form_of_any_screen_asks_for_json(registered: list[Screen]) -> None:
    looked = {screen.name: list(offered(screen)) for screen in registered}
    found = [complaints(name, attrs) for name, attrs in looked.items()]
    assert set().union(*found) == set()
    # Else the walk has looked at nothing.
    formats = {attr.form for attrs in looked.values() for attr in attrs}
    assert {"hours", "texts", "address", "pairs"} <= formats


def test_a_column_of_json_without_controls_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    own = resolve(Client, "custom")
    assert complaints("ClientScreen", [own]) == set()
    for form in ("json", "", "long"):
        (said,) = complaints("ClientScreen", [replace(own, form=form)])
        assert said.startswith("ClientScreen: client.custom asks people to type JSON.")
    monkeypatch.setitem(FORMATS, "pairs", LongField)
    assert len(complaints("ClientScreen", [own])) == 1
