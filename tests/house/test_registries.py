"""What one file makes known to others goes through a Registry: one rule for a name that is taken.

A list or dict of a module that functions fill would have a rule of its own.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
MADE = {"dict", "list", "set", "defaultdict", "deque", "OrderedDict"}
FILLS = {
    "add",
    "append",
    "appendleft",
    "clear",
    "extend",
    "insert",
    "pop",
    "remove",
    "setdefault",
    "update",
}
# What belongs to the running process and is declared by nobody.
EXCUSED = {
    "app/kit/database/lines.py:_held": "counts who writes line by line just now",
    "app/kit/jobs/runner.py:_runners": "the queues that this process serves",
    "app/kit/outgoing/addresses.py:_allowed": "replaced as a whole by what is configured",
    "app/kit/screens/counting.py:_full": "remembers for a while which lists were too long to count",
    "app/kit/servers/keeper.py:_started": "children of this process",
    "app/kit/servers/processes.py:_started": "children of this process",
    "app/kit/signing.py:_keys": "replaced as a whole by what is configured",
}


def _collections(tree: ast.Module) -> set[str]:
    """The names of a module that hold something which can be filled."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _can_be_filled(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id for one in targets if isinstance(one, ast.Name)}
    return found


def _can_be_filled(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        called = value.func.value if isinstance(value.func, ast.Subscript) else value.func
        return isinstance(called, ast.Name) and called.id in MADE
    shown = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp
    return isinstance(value, shown)


def _filled(tree: ast.Module) -> Iterator[ast.expr]:
    """Whatever is filled inside a function."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in FILLS:
                    yield node.func.value
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.Delete):
                targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
                yield from (one.value for one in targets if isinstance(one, ast.Subscript))


def _name(filled: ast.expr) -> str | None:
    while isinstance(filled, ast.Subscript | ast.Attribute | ast.Call):
        filled = filled.func if isinstance(filled, ast.Call) else filled.value
    return filled.id if isinstance(filled, ast.Name) else None


def filled_from_outside(sources: dict[str, str]) -> set[str]:
    """The collections of modules that functions fill, in their own file or another."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    own = {path: _collections(tree) for path, tree in trees.items()}
    found = set()
    for path, tree in trees.items():
        known = dict.fromkeys(own[path], path)
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                home = node.module.replace(".", "/") + ".py"
                names = {
                    one.asname or one.name for one in node.names if one.name in own.get(home, ())
                }
                known |= dict.fromkeys(names, home)
        names = {name for one in _filled(tree) if (name := _name(one)) in known}
        found |= {f"{known[name]}:{name}" for name in names}
    return found


def test_what_others_fill_is_a_registry() -> None:
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in APP.rglob("*.py")}
    found = filled_from_outside(sources)
    assert found - EXCUSED.keys() == set(), "make it a Registry (app/kit/registry.py)"
    assert EXCUSED.keys() - found == set(), "these are filled by nobody: take the excuse away"


def test_a_list_that_another_file_fills_is_found() -> None:
    sources = {
        "app/kit/dishes.py": "SOUPS = []\nLARGEST = [3]\nPRICES: dict[str, int] = {}\n"
        "def price(name): PRICES[name] = 1",
        "app/guests.py": "from app.kit.dishes import SOUPS\ndef order(): SOUPS.append('leek')",
    }
    assert filled_from_outside(sources) == {"app/kit/dishes.py:SOUPS", "app/kit/dishes.py:PRICES"}
