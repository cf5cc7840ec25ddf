"""`make check` finds what nothing calls and what has the name of something else."""

from pathlib import Path

import pytest

from tools import doubles, unused

CODE = """
class Basket:
    def weigh(self): ...
    def fill(self): ...

def pick(): Basket().weigh()

@job()
def ripen(session): ...

pick()
"""


@pytest.fixture
def orchard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "orchard.py").write_text(CODE)
    (tmp_path / "unused.txt").touch()
    monkeypatch.setattr(unused, "ROOT", tmp_path)
    monkeypatch.setattr(unused, "BESIDE", ())
    monkeypatch.setattr(unused, "EXCEPTIONS", tmp_path / "unused.txt")
    return tmp_path


def test_a_method_that_nothing_calls_is_found(
    orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unused.main() == 1
    assert capsys.readouterr().out == "app/orchard.py:4 nothing uses the method fill\n"


def test_handing_a_name_on_does_not_use_it_and_a_template_does(orchard: Path) -> None:
    (orchard / "app" / "__init__.py").write_text("from app.orchard import fill\n__all__ = ['fill']")
    assert unused.main() == 1
    (orchard / "app" / "page.html").write_text("<p>fill {{ basket.fill }}</p>")
    assert unused.main() == 0


def test_an_exception_has_a_reason_and_goes_when_it_is_none(
    orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exceptions = orchard / "unused.txt"
    exceptions.write_text("app/orchard.py fill used by the harvest that comes next\n")
    assert unused.main() == 0
    exceptions.write_text("* fill the harvest calls it\napp/orchard.py weigh the market calls it\n")
    assert unused.main() == 1
    assert "app/orchard.py weigh is used, or is gone" in capsys.readouterr().out


def test_two_classes_of_one_name_are_found(
    orchard: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doubles.main(orchard / "app") == 0
    (orchard / "app" / "market.py").write_text("class Basket: ...")
    assert doubles.main(orchard / "app") == 1
    expected = "Basket is the name of several classes: app/market.py:1, app/orchard.py:2\n"
    assert capsys.readouterr().out == expected
