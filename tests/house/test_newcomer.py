"""Somebody new adds a field with a choice by `docs/CHANGES.md` alone, in a copy, and ends green.

The blocks of the recipe are what is done: `diff` is applied, `json NAME` written, `sh` run. In a
diff no line has a number: what it removes and keeps is found in the file, once; what it only adds
goes to the end.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from app.assembly import ROOT
from app.kit.servers import TestServer

_BLOCK = re.compile(r"^( *)```(diff|json|sh) ?(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_PARTS = re.compile(r"^--- (\S+)\n", re.MULTILINE)


def recipe(title: str) -> list[tuple[str, str, str]]:
    """The blocks below a title: kind, name, what is in it."""
    said = (ROOT / "docs" / "CHANGES.md").read_text()
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", said, re.MULTILINE | re.DOTALL)
    return [(kind, name, dedent(block)) for _, kind, name, block in _BLOCK.findall(section)]


def applied(text: str, change: str) -> str:
    """The text of a file after one part of a diff. Raises AssertionError where it does not fit."""
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    if not before:
        return text + after
    assert text.count(before) == 1, before
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
        if kind == "json":
            (self.copy / name).write_text(block)
        elif kind == "sh":
            for line in block.splitlines():
                self.run(line)
        else:
            _, *parts = _PARTS.split(block)
            for path, change in zip(parts[::2], parts[1::2], strict=True):
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


def test_the_recipe_says_all_of_it() -> None:
    """So that a block that is written otherwise is not left out unseen."""
    kinds = [kind for kind, _, _ in recipe("Add a field")]
    assert kinds == ["diff", "diff", "diff", "sh", "sh", "json", "sh", "sh"]


def test_what_does_not_fit_is_not_applied() -> None:
    assert applied("one\ntwo\n", " one\n-two\n+three\n") == "one\nthree\n"
    assert applied("one\n", "+two\n") == "one\ntwo\n"
    with pytest.raises(AssertionError):
        applied("one\n", "-two\n+three\n")
