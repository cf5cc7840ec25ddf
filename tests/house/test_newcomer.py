"""Somebody new changes things by `docs/CHANGES.md` and its examples alone, and ends green.

The blocks are what is done, in a copy: `diff` is applied, `json NAME` and `python NAME` written,
`sh` run. In a diff no line has a number: what it removes and keeps is found in the file, once; what
it only adds goes to the end.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.assembly import ROOT
from app.kit.servers import TestServer

_BLOCK = re.compile(r"^( *)```(diff|json|python|sh) ?(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_PARTS = re.compile(r"^--- (\S+)\n", re.MULTILINE)


Block = tuple[str, str, str]
"""Kind, name, what is in it."""


def recipe(title: str) -> list[Block]:
    """The blocks below a title."""
    said = (ROOT / "docs" / "CHANGES.md").read_text()
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", said, re.MULTILINE | re.DOTALL)
    return blocks(section)


def example(name: str) -> list[Block]:
    """All blocks of an example."""
    return blocks((ROOT / "docs" / "examples" / f"{name}.md").read_text())


def blocks(text: str) -> list[Block]:
    """The blocks of a text, each without what its list indents it by."""
    return [
        (kind, name, re.sub(rf"^{indent}", "", block, flags=re.MULTILINE))
        for indent, kind, name, block in _BLOCK.findall(text)
    ]


def changes(block: str) -> Iterator[tuple[str, str]]:
    """Each file that a diff changes, with the part of it."""
    _, *parts = _PARTS.split(block)
    return zip(parts[::2], parts[1::2], strict=True)


def applied(text: str, change: str) -> str:
    """The text of a file after one part of a diff. Raises AssertionError where it does not fit."""
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    if not before:
        return text + after
    assert text.count(before) == 1, (
        f"this is not there, once: say in docs/CHANGES.md or its example what is\n{before}"
    )
    return text.replace(before, after)


def copy_of_what_is_kept(to: Path) -> None:
    """What is in the repository, as it is now, with this environment."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    (to / ".venv").symlink_to(sys.prefix)


class Newcomer:
    """Has a copy, a database without tables and the recipe."""

    def __init__(self, copy: Path, environ: dict[str, str]) -> None:
        self.copy = copy
        self.environ = {**os.environ, **environ}

    def follow(self, kind: str, name: str, block: str) -> None:
        if name:
            (self.copy / name).write_text(block)
        elif kind == "sh":
            for line in block.splitlines():
                self.run(line)
        else:
            for path, change in changes(block):
                file = self.copy / path
                file.write_text(applied(file.read_text(), change))

    def run(self, line: str) -> None:
        """Run a line as a shell would, but that the environment is there already."""
        line = line.replace("make check", ".venv/bin/python tools/check.py")
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=self.copy,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def newcomer(server: TestServer, tmp_path: Path) -> Iterator[Newcomer]:
    name = f"newcomer_{os.getpid()}"
    server.create_database(name)
    copy_of_what_is_kept(tmp_path)
    yield Newcomer(
        tmp_path,
        {
            "DATABASE_URL": server.url(name),
            "DATABASE_OWNER_URL": server.url(name, "crm_migrate"),
            "REDIS_URL": server.redis_url,
            "INSTANCE_DIR": str(tmp_path / "instance"),
        },
    )
    server.drop_database(name)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_field_with_a_choice_is_added_by_the_recipe_alone(newcomer: Newcomer) -> None:
    for kind, name, block in recipe("Add a field"):
        newcomer.follow(kind, name, block)
    (draft,) = newcomer.copy.glob("migrations/versions/*_add_kind_to_brands.py")
    assert "\"kind IN ('maker', 'own')\"" in draft.read_text()


LINT = (".venv/bin/ruff format --check -q .", ".venv/bin/ruff check -q .")
DEAD = ".venv/bin/python tools/unused.py"
PYTEST = ".venv/bin/python -m pytest -q -x"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_document_with_lines_is_added_from_its_example(newcomer: Newcomer) -> None:
    for block in example("packing-list"):
        newcomer.follow(*block)
    for line in (*LINT, DEAD):
        newcomer.run(line)
    newcomer.run(
        f"{PYTEST} tests/stock tests/house/test_drift.py::test_migrations_and_models_agree"
        " tests/house/test_declared_documents.py"
        " tests/house/test_every_table.py tests/house/test_links_have_indexes.py"
        " tests/demo/test_planted.py::test_a_table_is_in_the_books_or_has_a_reason"
        " tests/kit/database/test_catalogue.py tests/kit/database/test_search.py"
        " tests/kit/database/test_moves.py tests/screens/test_walk*.py"
        " -k 'not walk or PackingList'"
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_job_a_tile_and_a_condition_are_added_by_their_recipes(newcomer: Newcomer) -> None:
    tile, condition = recipe("Add a tile to the dashboard"), recipe("Add a segment condition")
    for block in (*example("withdrawn-product"), *tile, *condition):
        newcomer.follow(*block)
    for line in (*LINT, DEAD):
        newcomer.run(line)
    newcomer.run(
        f"{PYTEST} tests/stock tests/clients/test_segment_oracle.py tests/insights"
        " -k 'stock or oracle or average_return or tile or nothing'"
    )


WHOLE = {
    **{
        title: recipe(title)
        for title in ("Add a field", "Add a tile to the dashboard", "Add a segment condition")
    },
    **{name: example(name) for name in ("packing-list", "withdrawn-product")},
}


@pytest.mark.slow
@pytest.mark.parametrize("title", WHOLE)
def test_what_is_to_be_changed_is_there(title: str) -> None:
    """Whoever changes a line that a recipe names changes the recipe."""
    now: dict[str, str] = {}
    for kind, _name, block in WHOLE[title]:
        for path, change in changes(block) if kind == "diff" else ():
            now[path] = applied(now.get(path) or (ROOT / path).read_text(), change)
    assert now


def test_the_recipe_says_all_of_it() -> None:
    """So that a block that is written otherwise is not left out unseen."""
    kinds = [kind for kind, _, _ in recipe("Add a field")]
    assert kinds == ["diff", "diff", "diff", "sh", "sh", "json", "sh", "sh"]


def test_what_does_not_fit_is_not_applied() -> None:
    assert applied("one\ntwo\n", " one\n-two\n+three\n") == "one\nthree\n"
    assert applied("one\n", "+two\n") == "one\ntwo\n"
    with pytest.raises(AssertionError):
        applied("one\n", "-two\n+three\n")
