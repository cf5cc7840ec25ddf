"""Which tests reach a line, told by one run of them under coverage.py: `make mutants` asks."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData


@dataclass(frozen=True, slots=True)
class Reached:
    """The tests that run a line, those of the least concerned files first.

    `beyond` says that others may depend on it: it runs on import, in a fixture that several
    share, in a process of its own, or in no test that is known.
    """

    tests: Sequence[str]
    beyond: bool


class Reach:
    """What a run told that was asked for by `options`."""

    def __init__(self, data: Path, root: Path) -> None:
        self.root = root
        self.data = CoverageData(str(data))
        self.data.read()

    @staticmethod
    def options(sources: Sequence[str]) -> list[str]:
        """Return what pytest is told to note it, for these files and folders of the checkout."""
        modules = [one.removesuffix(".py").replace("/", ".") for one in sources]
        return [*(f"--cov={one}" for one in modules), "--cov-context=test", "--cov-report="]

    def of(self, path: str, source: str, line: int) -> Reached:
        """Return who reaches a line of a file, whose text is `source`."""
        lines = _statement(ast.parse(source), line)
        known = self.data.contexts_by_lineno(str(self.root / path))
        contexts = {one for number in lines for one in known.get(number, ()) if one}
        tests = {one.rpartition("|")[0] for one in contexts}
        sure = {one.rpartition("|")[0] for one in contexts if one.endswith("|run")}
        return Reached(_in_order(tests), beyond=not sure or tests != sure)


def _statement(tree: ast.Module, line: int) -> range:
    """Return the lines of the innermost statement of a function there; none outside of one."""
    found = range(0)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for one in _statements(function.body):
                lines = _lines(one)
                if line in lines and (not found or len(lines) <= len(found)):
                    found = lines
    return found


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for one in body:
        yield one
        for part in ast.walk(one):
            if part is not one and isinstance(part, ast.stmt):
                yield part


def _lines(statement: ast.stmt) -> range:
    """Return its lines; of what has a body, those of its head."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return range(statement.lineno, max(last, statement.lineno) + 1)


def _in_order(tests: set[str]) -> list[str]:
    files: Mapping[str, int] = Counter(one.partition("::")[0] for one in tests)
    return sorted(tests, key=lambda one: (files[one.partition("::")[0]], one))
