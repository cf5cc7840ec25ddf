"""The script is made of modules, which a browser keeps until one of them changes."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request, request_started
from playwright.sync_api import Browser
from werkzeug.test import TestResponse

from app.web import assets
from tests.web.demo import PAGES

IMPORT = re.compile(r"""(?:from|import) '([^']+)'""")
LOADED = re.compile(r'<(?:link rel="modulepreload" href|script type="module" src)="([^"]+)"')
# What the pages name; everything else is imported.
ENTRIES = ("app.js", "charts.js", "message.js", "rights.js", "segment.js")
HEARD = re.compile(r"\[(data-[a-z-]+)")


def _imported(path: Path) -> set[Path]:
    return {(path.parent / name).resolve() for name in IMPORT.findall(path.read_text())}


def _reached(*entries: str) -> set[Path]:
    found: set[Path] = set()
    ahead = [assets.MODULES / entry for entry in entries]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += _imported(path)
    return found


def _get(demo: Flask, address: str) -> TestResponse:
    with demo.test_client().get(address, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200
        answer.get_data()
    return answer


def _loaded(demo: Flask, page: str) -> list[str]:
    return LOADED.findall(_get(demo, page).text)


@pytest.fixture
def changed(demo: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a copy of the modules that a test may change, as a new version of the product does."""
    shutil.copytree(assets.MODULES, tmp_path / "js")
    assets._version_of_modules.cache_clear()
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    monkeypatch.setattr(assets, "MODULES", tmp_path / "js")
    monkeypatch.setattr(demo, "static_folder", str(tmp_path))
    yield tmp_path / "js"
    assets._version_of_modules.cache_clear()


def test_every_module_is_reached_from_a_page_and_imports_only_what_lies_beside_it() -> None:
    there = set(assets.MODULES.rglob("*.js"))
    assert _reached(*ENTRIES) == there
    for path in there:
        assert all(name.startswith(("./", "../")) for name in IMPORT.findall(path.read_text()))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_all_that_its_modules_import_and_every_module_that_it_needs(
    demo: Flask, page: str
) -> None:
    html = _get(demo, f"/{page}").text
    loaded = [assets.MODULES / address.split("/", 4)[4] for address in LOADED.findall(html)]
    assert len(loaded) == len(set(loaded))
    named = [name for name in ENTRIES if assets.MODULES / name in loaded]
    assert set(loaded) == _reached(*named)
    for other in set(assets.MODULES.rglob("*.js")) - set(loaded):
        for attribute in HEARD.findall(other.read_text()):
            assert f" {attribute}" not in html, f"{other.name} hears of {attribute}"


def test_every_module_is_kept_for_ever_at_the_address_of_its_version(demo: Flask) -> None:
    addresses = _loaded(demo, "/segment")
    assert len({address.split("/")[3] for address in addresses}) == 1
    for address in addresses:
        answer = _get(demo, address)
        assert answer.mimetype == "text/javascript"
        assert answer.headers["Cache-Control"].endswith("immutable")
        assert answer.headers["Content-Encoding"] == "gzip"


def test_one_changed_module_changes_the_address_of_all(demo: Flask, changed: Path) -> None:
    before = _loaded(demo, "/list")
    with (changed / "basics.js").open("a") as file:
        file.write("export const more = 1;\n")
    assets._version_of_modules.cache_clear()  # as in the process that comes after
    after = _loaded(demo, "/list")
    assert len(before) == len(after)
    assert not set(before) & set(after)
    # Whoever still has a page of the old version is served, and keeps nothing under its address.
    assert "immutable" not in _get(demo, before[0]).headers["Cache-Control"]


def test_a_file_is_not_kept_at_the_address_of_another_version(demo: Flask) -> None:
    named = re.search(r'href="(/static/app\.css\?v=)(\w+)"', _get(demo, "/list").text)
    assert named
    for stamp, kept in ((named[2], True), ("0123456789", False)):
        answer = _get(demo, named[1] + stamp)
        assert ("immutable" in answer.headers["Cache-Control"]) == kept


def test_a_browser_fetches_each_module_once_and_none_for_the_next_page(
    browser: Browser, demo: Flask, site: str
) -> None:
    asked: list[str] = []

    def note(_sender: Flask) -> None:
        if request.path.startswith("/static/js/"):
            asked.append(request.path)

    context = browser.new_context()
    with request_started.connected_to(note, demo):
        page = context.new_page()
        page.goto(f"{site}/list")
        first, asked[:] = sorted(asked), []
        page.goto(f"{site}/show")
    context.close()
    assert first == sorted(_loaded(demo, "/list"))
    assert asked == []
