"""Rules of the house that a reader would otherwise have to remember."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kit.database.model import Model

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
HERE = Path(__file__).parent
LONGEST_FILE = 500


def sources(*tops: Path) -> Iterator[Path]:
    for top in tops or (APP,):
        yield from sorted(top.rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def calls(path: Path) -> Iterator[ast.Call]:
    return (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))


def test_only_the_kit_and_the_edges_commit() -> None:
    edges = (APP / "kit", APP / "cli")
    found = [
        f"{named(path)}:{call.lineno}"
        for path in sources()
        if not any(path.is_relative_to(edge) for edge in edges)
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    ]
    assert found == []


def test_only_config_reads_the_environment() -> None:
    reads = re.compile(r"os\.environ|os\.getenv|getenv\(")
    allowed = {line.split()[0] for line in _lines("environment.txt")}
    found = {named(p) for p in sources() if reads.search(p.read_text())}
    assert found - allowed == set()


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        named(path): lines
        for path in sources(APP, ROOT / "tests", ROOT / "benchmarks")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_nothing_is_swallowed() -> None:
    found = [
        f"{named(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
    ]
    assert found == []


def test_a_refusal_of_any_kind_is_worded_by_words_of() -> None:
    """The message of a missing right is nobody's: which right, and who gives it, is said late."""
    found = [
        f"{named(path)}:{read.lineno}"
        for path in sources()
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        and isinstance(handler.type, ast.Name)
        and handler.type.id == "CrmError"
        for read in ast.walk(handler)
        if isinstance(read, ast.Attribute)
        and read.attr == "message"
        and isinstance(read.value, ast.Name)
        and read.value.id == handler.name
    ]
    assert found == []


def test_no_sentence_puts_an_amount_beside_the_code_of_its_currency() -> None:
    """The reader's own way of writing an amount has the currency in it: `amount_text`."""
    beside = re.compile(r"%\(\w+\)s %\((c|currency)\)s(?! \w+ code)")
    found = [
        f"{named(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and beside.search(node.value)
    ]
    assert found == []


def test_one_place_writes_csv() -> None:
    """Cells that no spreadsheet runs are made in `app/kit/csv_text.py` only."""
    writes = re.compile(r"csv\.(writer|DictWriter)|\bto_csv\b")
    found = {named(path) for path in sources() if writes.search(path.read_text())}
    assert found == {"app/kit/csv_text.py"}


def test_nothing_is_loaded_from_elsewhere() -> None:
    remote = re.compile(r"""(src|href)=["']https?://""")
    found = [
        named(path)
        for path in (APP / "web" / "templates").rglob("*.html")
        if remote.search(path.read_text())
    ]
    assert found == []


def test_every_template_is_drawn_by_something() -> None:
    """Those of refusals are called by their status: tresen/404.html."""
    top = APP / "web" / "templates"
    drawing = [*sources(), *top.rglob("*.html")]
    texts = {path: path.read_text() for path in drawing}
    names = {path: str(path.relative_to(top)) for path in top.rglob("*.html")}
    dead = {
        name
        for own, name in names.items()
        if not re.fullmatch(r"tresen/\d{3}\.html", name)
        and not any(name in text for path, text in texts.items() if path != own)
    }
    assert dead == set()


def _lines(name: str) -> list[str]:
    path = HERE / name
    if not path.exists():
        return []
    return [line for line in path.read_text().splitlines() if line.strip() and line[0] != "#"]


def excused() -> dict[str, str]:
    """Tables without a generated screen of their own, each with its reason."""
    return dict(line.split(maxsplit=1) for line in _lines("no_screen.txt"))


@pytest.mark.parametrize("table", sorted(excused()))
def test_every_excuse_names_a_table_that_exists(table: str) -> None:
    assert table in Model.metadata.tables
