"""Fails on what nothing calls: a function, method, class, attribute or constant of `app/`.

Vulture finds the names that no code mentions; tests do not count, templates do. A package's
`__init__.py` that only hands names on uses none of them. What tables and choices list is data.
Exceptions stand in unused.txt, each with its reason, and go when they are no longer needed.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from vulture import Vulture
from vulture.core import Item

ROOT = Path(__file__).resolve().parent.parent
EXCEPTIONS = Path(__file__).with_name("unused.txt")
BESIDE = ("migrations/env.py", "config.py", "run.py")
# What they decorate is called by whoever they register it with.
DECORATORS = (
    "@job",
    "@on",
    "@expose",
    "@event.listens_for",
    "@blueprint.*",
    "@*.command",
    "@*.errorhandler",
    "@*.context_processor",
    "@*.before_request",
    "@*.after_request",
    "@*.teardown_appcontext",
    "@contextfilter",
    "@pass_context",
)
_PLACEHOLDERS = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")


def hands_on_only(path: Path) -> bool:
    """Say whether it is a package's file with nothing but imports and `__all__`."""
    if path.name != "__init__.py":
        return False
    body = ast.parse(path.read_text()).body
    imports = (ast.Import, ast.ImportFrom, ast.Expr)
    return all(isinstance(node, imports) or "__all__" in ast.unparse(node)[:9] for node in body)


def files() -> list[Path]:
    """Return what is scanned."""
    inside = (path for path in sorted((ROOT / "app").rglob("*.py")) if not hands_on_only(path))
    return [*(ROOT / one for one in BESIDE), *inside]


def named_by_templates() -> set[str]:
    """Return the names that templates read."""
    sources = (path.read_text() for path in (ROOT / "app").rglob("*.html"))
    placeholders = (found for source in sources for found in _PLACEHOLDERS.findall(source))
    return {word for one in placeholders for word in _WORD.findall(one)}


def is_data(item: Item, columns: set[str]) -> bool:
    """Say whether it is a table, a column, a choice or what is written into one."""
    where = item.filename.relative_to(ROOT).parts
    if item.typ == "attribute":
        return item.name in columns
    listed = "models" in where or where[-1] in {"models.py", "choices.py"}
    return item.typ in {"variable", "class"} and listed


def columns() -> set[str]:
    """Return the attributes that tables declare."""
    paths = [path for path in (ROOT / "app").rglob("*.py") if "Mapped[" in path.read_text()]
    return {
        node.target.id
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def unused() -> dict[str, Item]:
    """Return what nothing mentions, by "path name"."""
    vulture = Vulture(ignore_decorators=list(DECORATORS))
    vulture.scavenge([str(path) for path in files()])
    vulture.used_names |= named_by_templates()
    listed = columns()
    return {
        f"{item.filename.relative_to(ROOT)} {item.name}": item
        for item in vulture.get_unused_code(min_confidence=60)
        if item.typ not in {"import", "unreachable_code"}
        and item.confidence < 100  # an argument that a hook is called with
        and not is_data(item, listed)
    }


def excused() -> dict[str, str]:
    """Return the exceptions with their reasons. A `*` for a path stands for every file."""
    lines = (line.strip() for line in EXCEPTIONS.read_text().splitlines())
    parts = [line.split(maxsplit=2) for line in lines if line and line[0] != "#"]
    return {f"{path} {name}": reason for path, name, reason in parts}


def main() -> int:
    """Print what is dead, and exceptions that are none; return how many there are."""
    allowed, found = excused(), unused()
    covered = {key for key in found if key in allowed}
    everywhere = {key for key in found if f"* {found[key].name}" in allowed}
    dead = sorted(found.keys() - covered - everywhere)
    used = {f"* {found[key].name}" for key in everywhere} | covered
    for key in dead:
        item = found[key]
        where = f"{item.filename.relative_to(ROOT)}:{item.first_lineno}"
        print(f"{where} nothing uses the {item.typ} {item.name}")
    if dead:
        print("Use it, take it away, or say in tools/unused.txt who does.", file=sys.stderr)
    stale = sorted(allowed.keys() - used)
    for key in stale:
        print(f"tools/unused.txt: {key} is used, or is gone: take the line away")
    return len(dead) + len(stale)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
