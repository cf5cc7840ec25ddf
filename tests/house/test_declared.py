"""What a screen and a resource are declared with is documented where it is declared."""

import ast
import inspect
from typing import Any

import pytest

from app.kit.rest.declaration import ResourceDeclaration
from app.kit.rest.resource import Resource
from app.kit.screens.base import Screen
from app.kit.screens.declaration import Declaration


def _attributes(cls):
    """Return the public attributes of a class with what is said below each."""
    source: Any = ast.parse(inspect.getsource(cls))
    (body,) = (node.body for node in source.body)
    found = {}
    for node, after in zip(body, (*body[1:], None), strict=True):
        if isinstance(node, ast.Assign):
            found |= {one.id: None for one in node.targets if isinstance(one, ast.Name)}
        if isinstance(node, ast.AnnAssign):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found[node.target.id] = after.value.value if said else None
    return {name: said for name, said in found.items() if not name.startswith("_")}


@pytest.mark.parametrize("cls", [Declaration, ResourceDeclaration])
def test_every_attribute_is_typed_and_explained_below_itself(cls):
    said = _attributes(cls)
    assert len(said) > 10
    assert [name for name, text in said.items() if not (text or "").strip()] == []


# What Flask-AppBuilder asks of a view of its own.
OF_THE_FRAMEWORK = {
    Screen: {"default_view", "exclude_route_methods"},
    Resource: {"allow_browser_login", "csrf_exempt", "base_permissions"},
}


@pytest.mark.parametrize("cls", [Screen, Resource])
def test_what_adds_the_routes_declares_nothing_more(cls):
    assert _attributes(cls).keys() == OF_THE_FRAMEWORK[cls]
