"""What the documents list is what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.cli import crm

ROOT = Path(__file__).resolve().parents[2]
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
