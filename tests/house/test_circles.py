"""A circle of imports fails the check of imports, and its shortest way round is named."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGURED = """
[tool.importlinter]
root_package = "house"
contract_types = ["no_circles: tools.circles.NoCircles"]

[[tool.importlinter.contracts]]
name = "No circle"
type = "no_circles"
"""


def _checked(folder, **modules):
    """Return exit code and output of the check over a package of these modules."""
    (folder / "house").mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (folder / "house" / f"{name}.py").write_text(text)
    (folder / "pyproject.toml").write_text(CONFIGURED)
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_what_imports_only_what_lies_below_passes(tmp_path):
    code, said = _checked(tmp_path, door="from house import wall", wall="from house import stone")
    assert code == 0, said


def test_a_circle_closed_by_a_type_and_by_an_import_within_a_function_is_named(tmp_path):
    code, said = _checked(
        tmp_path,
        door="from house.wall import brick",
        wall="def brick():\n    from house import roof\n    return roof",
        roof="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.door import Door",
        # A longer way round over the same modules is not told as well.
        floor="import house.door",
        stairs="import house.floor",
    )
    assert code == 1
    assert "house.door -> house.wall (line 1)" in said
    assert "house.wall -> house.roof (line 2)" in said
    assert "house.roof -> house.door (line 3)" in said
    assert "floor" not in said


def test_the_check_holds_for_the_whole_application():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert settings["root_package"] == "app"
    # Types count: see tools/circles.py.
    assert "exclude_type_checking_imports" not in settings
    (contract,) = [one for one in settings["contracts"] if one["type"] == "no_circles"]
    assert contract.keys() == {"name", "type"}, "there is no exception"
