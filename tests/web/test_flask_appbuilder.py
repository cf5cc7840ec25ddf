"""Flask-AppBuilder's own pages on our templates: nothing of Bootstrap 3, jQuery or its widgets is loaded."""

# ruff: noqa: PT018 - halves of a sentence belong together

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD = re.compile(
    r"jquery|select2|bootstrap-datepicker|fontawesome|glyphicon|btn-default|panel-heading|col-md-|static/appbuilder| style=|onclick=",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    database = tmp_path_factory.mktemp("fab") / "fab.db"
    command = [sys.executable, "-m", "tests.web.fab_pages", str(database)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return {path: (status, html) for path, (status, html) in json.loads(done.stdout).items()}


def test_its_pages_are_drawn_with_ours(pages: dict[str, tuple[int, str]]) -> None:
    assert {path: status for path, (status, _html) in pages.items() if status != 200} == {}
    assert {
        path: sorted(set(OLD.findall(html)))
        for path, (_s, html) in pages.items()
        if OLD.search(html)
    } == {}
    assert [
        path
        for path, (_s, html) in pages.items()
        if "app.css" not in html or 'id="main"' not in html
    ] == []
    assert (
        "Katrin" in pages["/users/list/"][1]
        and "katrin@petersen.example" in pages["/users/show/1"][1]
    )


def test_a_refused_form_says_what_is_wrong(pages: dict[str, tuple[int, str]]) -> None:
    assert (
        'aria-invalid="true"' in pages["refused"][1] and 'href="#first_name"' in pages["refused"][1]
    )
