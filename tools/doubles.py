"""Fails when two classes of `app/` have one name: a reader could not tell which is meant.

Exceptions stand here with their reason, and go when they are no longer needed.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXCUSED: dict[str, str] = {}


def classes(top: Path) -> dict[str, list[str]]:
    """Return where the classes of each name are, those inside of others left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(top.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.relative_to(top.parent)}:{node.lineno}")
    return found


def main(top: Path = ROOT / "app") -> int:
    """Print the names that stand for more than one class; return how many there are."""
    doubles = {name: where for name, where in classes(top).items() if len(where) > 1}
    wrong = sorted(doubles.keys() - EXCUSED.keys())
    for name in wrong:
        print(f"{name} is the name of several classes: {', '.join(doubles[name])}")
    stale = sorted(EXCUSED.keys() - doubles.keys())
    for name in stale:
        print(f"tools/doubles.py: {name} is the name of one class: take the excuse away")
    return len(wrong) + len(stale)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
