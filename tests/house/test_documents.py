"""What the documents list is what there is."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path

import pytest

from app.cli import crm

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "app/web/README.md", *(ROOT / "docs").rglob("*.md")])
DEPENDENCIES = (ROOT / "docs" / "dependencies.md").read_text()


def _named(requirements: str) -> list[str]:
    lines = (ROOT / requirements).read_text().splitlines()
    return [re.split(r"[\s\[;<>=]", line)[0] for line in lines if re.match(r"[a-z]", line)]


@pytest.mark.parametrize("name", [*_named("requirements.in"), *_named("requirements-dev.in")])
def test_every_package_says_what_it_is_for(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b", DEPENDENCIES)


def test_every_front_end_library_says_what_it_is_for() -> None:
    versions = json.loads((ROOT / "app/web/static/vendor/VERSIONS.json").read_text())
    served = {name for name in versions["packages"] if name not in {"esbuild", "axe-core"}}
    assert served
    assert {name for name in served if name not in DEPENDENCIES} == set()


@pytest.mark.parametrize("name", sorted(crm.commands))
def test_the_readme_names_every_command(name: str) -> None:
    assert f"`{name}`" in (ROOT / "README.md").read_text()


@functools.cache
def _files() -> tuple[str, ...]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(said.splitlines())


@functools.cache
def _words() -> frozenset[str]:
    code = (ROOT / name for name in _files() if name.endswith((".py", ".txt", ".in", ".js")))
    return frozenset(
        word for path in code if path.exists() for word in re.findall(r"\w+", path.read_text())
    )


def _spans(document: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", document.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_a_file_that_is_named_is_there(document: Path) -> None:
    named = {
        name
        for span in _spans(document)
        for name in re.findall(r"(?<![\w<>*/.{])\w[\w./-]*\.(?:py|txt|js|md)\b", span)
    }
    missing = {
        name
        for name in named
        if not any(f"/{one}".endswith(f"/{name.removeprefix('./')}") for one in _files())
    }
    assert missing == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_a_class_that_is_named_is_there(document: Path) -> None:
    named = {
        name
        for span in _spans(document)
        for name in re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", span)
        if not name.startswith("Thing")
    }
    # What a recipe makes.
    named -= set(re.findall(r"class (\w+)\(", document.read_text()))
    assert named - _words() == set()
