"""`make mutants` breaks what it says, and tells what was noticed from what was not."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tools import mutants
from tools.mutations import OURS, Mutant, mutants_of, mutated, operators
from tools.reaching import Reach, Reached

QUERY = 'X = "select 1 from a where b < 2 and not exists (select 1) for update"\n'


def broken(source: str, operator: str) -> list[str]:
    found = [one for one in mutants_of("x.py", source) if one.operator == operator]
    return [mutated(source, one) for one in found]


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("condition left out", "x = a and b\n", ["x = b\n", "x = a\n"]),
        (
            "condition left out",
            "x = a or b or c\n",
            ["x = b or c\n", "x = a or c\n", "x = a or b\n"],
        ),
        ("call left out", "f(1)\nx = g(2)\n", ["...\nx = g(2)\n"]),
        ("call left out", 'log.info("said")\n', []),
        (
            "not in",
            "x = a in b\ny = a not in b\n",
            ["x = a not in b\ny = a not in b\n", "x = a in b\ny = a in b\n"],
        ),
        (
            "SQL",
            QUERY,
            [
                QUERY.replace(" for update", ""),
                QUERY.replace(" and ", " or "),
                QUERY.replace("not exists", "exists"),
                QUERY.replace(" < ", " <= "),
            ],
        ),
        ("SQL", '"""This and that, where it exists."""\n', []),
        (
            "SQL, formatted",
            'x = f"select {a} where b and c"\n',
            ['x = f"select {a} where b or c"\n'],
        ),
        ("core/NumberReplacer", "LIMIT = 500\ndef f():\n    return 1\n", None),
    ],
)
def test_each_way_of_breaking_does_what_it_is_called(operator, source, expected):
    got = broken(source, operator)
    if expected is None:
        assert got
        assert all(one.startswith("LIMIT = 500\n") for one in got)
    else:
        assert got == expected


@pytest.mark.parametrize(
    "source",
    [
        "@dataclass(frozen=True, slots=True)\nclass A: ...\n",
        'raise Invalid(_l("Select this and that.", most=3))\n',
        "log.warning('Gone %s', 3 + n, exc_info=True)\n",
        "for a, b in zip(c, d, strict=True): f(a, b)\n",
        "def f(a: Literal[True, 3]):\n    b: Literal[False, 4] = a\n",
        "def f(a, *, b): return g(*a, **b)\n",
        "if found := g(1): f(found)\n",
        "f.name = mapped_column(String(30), nullable=False, index=True)\n",
    ],
)
def test_nothing_is_broken_that_is_no_behaviour(source):
    drawn = {one.operator for one in mutants_of("x.py", source)}
    assert drawn <= {"core/ZeroIterationForLoop", "call left out"}


def test_one_that_lived_is_found_again_where_its_line_has_moved(tmp_path, monkeypatch):
    lines = (
        "def f(a, b):\n    if a > b:\n        return a > b\n\n\ndef g(a, b):\n    return a > b\n"
    )
    (tmp_path / "x.py").write_text(lines)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "PLACES", {"x.py": ("tests",)})
    lived = [one for one in mutants_of("x.py", lines) if "Gt_GtE" in one.operator][1:]
    kept = [
        {
            "path": one.path,
            "operator": one.operator,
            "line": one.line,
            "killed": False,
            "difference": mutants.difference("x.py", lines, mutated(lines, one)),
        }
        for one in lived
    ]
    (tmp_path / "1.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))
    again = mutants.lived_in(tmp_path / "1.jsonl")
    assert [one.line for _place, one in again] == [3, 7]
    (tmp_path / "x.py").write_text("import os\n\n\n" + lines.replace("if a > b", "if a"))
    again = mutants.lived_in(tmp_path / "1.jsonl")
    assert [(one.line, one.occurrence) for _place, one in again] == [(6, 0), (10, 1)]
    (tmp_path / "x.py").write_text("import os\n")
    assert mutants.lived_in(tmp_path / "1.jsonl") == []


def test_every_operator_is_known_by_a_name_that_finds_it_again():
    assert set(OURS) < set(operators())
    with pytest.raises(LookupError):
        mutated("x = 1\n", Mutant("x.py", "not in", 0, 1))


def test_a_seed_draws_the_same_faults_again_and_some_in_every_place():
    drawn = mutants.drawn(7, 20, "app/insights")
    assert drawn == mutants.drawn(7, 20, "app/insights")
    assert drawn != mutants.drawn(8, 20, "app/insights")
    assert {place for place, _one in drawn} == {"app/insights/operations", "app/insights/queries"}
    assert len(set(drawn)) == 20


def test_every_place_is_there_and_has_tests():
    missing = [place for place, files in mutants.sources().items() if not files]
    # Rooms that these domains do not have.
    assert all(place.rsplit("/", 1)[1] in mutants.ROOMS for place in missing)
    assert all((mutants.ROOT / one).is_dir() for tests in mutants.PLACES.values() for one in tests)


@pytest.mark.slow
def test_what_a_test_notices_is_killed_and_what_none_notices_lived(tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "app" / "half.py").write_text("def half(n):\n    return n is not None and n > 3\n")
    (tmp_path / "tests" / "test_half.py").write_text(
        "from app.half import half\n\n\ndef test_five():\n    assert half(5)\n\n\n"
        "def test_two():\n    assert not half(2)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "PLACES", {"app/half": ("tests",)})
    drawn = [
        one
        for one in mutants.drawn(1, 99)
        if "Replace" not in one[1].operator or "Gt" in one[1].operator
    ]
    run = mutants.Run(drawn, tmp_path / "instance" / "1.jsonl", 1)
    run.go()
    lived = [one.mutant.name for one in run.verdicts if not one.killed]
    killed = [one.mutant.name for one in run.verdicts if one.killed]
    # Nobody asks for None, so its condition may go; nor for three and four.
    assert "app/half.py:2 condition left out #0" in lived
    assert "app/half.py:2 condition left out #1" in killed
    assert "app/half.py:2 ReplaceComparisonOperator_Gt_GtE #0" in lived
    assert (tmp_path / "app" / "half.py").read_text().count("is not None and n > 3") == 1
    again = mutants.lived_in(tmp_path / "instance" / "1.jsonl")
    assert {one.name for _place, one in again} == set(lived)


@pytest.mark.slow
def test_what_was_only_slow_for_once_is_not_killed(tmp_path, monkeypatch):
    (tmp_path / "app").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "app" / "one.py").write_text("x = 1 and 2\n")
    (tmp_path / "tests" / "test_one.py").write_text(
        "import time\nfrom pathlib import Path\n\n\ndef test_one():\n"
        f"    been = Path({str(tmp_path / 'been')!r})\n"
        "    if not been.exists():\n        been.touch()\n        time.sleep(60)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "PLACES", {"app/one": ("tests",)})
    mutant = Mutant("app/one.py", "condition left out", 0, 1)
    run = mutants.Run([("app/one", mutant)], tmp_path / "1.jsonl", 1)
    run.limits[("tests",)] = 5
    run.reach[("tests",)] = Reach(tmp_path / "nothing", tmp_path)
    run.go()
    assert run.slow == [("app/one", mutant)]
    assert [one.killed for one in run.verdicts] == [False]


def test_who_reaches_a_line_is_asked_first_and_shared_fixtures_ask_for_the_rest(tmp_path):
    source = (
        "LIMIT = 3\n\n\ndef half(n):\n    if n > LIMIT:\n        return (\n            n\n        )\n"
        "    return 0\n\n\ndef made():\n    return 5\n"
    )
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "half.py").write_text(source)
    (tmp_path / "test_half.py").write_text(
        "import pytest\nfrom app.half import half, made\n\n\n"
        "@pytest.fixture(scope='module')\ndef five():\n    return made()\n\n\n"
        "def test_five(five):\n    assert half(five)\n\n\ndef test_two():\n    assert not half(2)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *Reach.options(["app/half"]),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    reach = Reach(tmp_path / ".coverage", tmp_path)
    five, two = "test_half.py::test_five", "test_half.py::test_two"
    asked = {line: reach.of("app/half.py", source, line) for line in (1, 5, 7, 9, 13)}
    assert asked[1] == Reached([], beyond=True)
    assert asked[5] == Reached([five, two], beyond=False)
    assert asked[7] == Reached([five], beyond=False)
    assert asked[9] == Reached([two], beyond=False)
    # Run by a fixture of the file: who else depends on it is not known.
    assert asked[13] == Reached([five], beyond=True)


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path):
    first = Mutant("app/one.py", "condition left out", 0, 1)
    work = [("app/one", first), ("app/one", replace(first, occurrence=1)), ("app/one", first)]
    assert mutants.without_done(work, tmp_path / "1.jsonl") == work
    kept = {"path": "app/one.py", "operator": "condition left out", "occurrence": 0}
    (tmp_path / "1.jsonl").write_text(json.dumps(kept) + "\n")
    assert mutants.without_done(work, tmp_path / "1.jsonl") == work[1:]


@pytest.mark.slow
def test_what_one_folders_tests_reach_is_known_after_those_of_another_ran(tmp_path, monkeypatch):
    for name in ("half", "other"):
        for folder in ("app", name):
            (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / "app" / f"{name}.py").write_text("def f(n):\n    return n > 3\n")
        (tmp_path / name / f"test_{name}.py").write_text(
            f"from app.{name} import f\n\n\ndef test_it():\n    assert f(5)\n"
        )
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    monkeypatch.setattr(mutants, "PLACES", {"app/half": ("half",), "app/other": ("other",)})
    copy = mutants.Copy(tmp_path / "copies")
    answer = copy.reach(("half",))
    assert not isinstance(answer, str)
    first = answer[1]
    copy.reach(("other",))
    # Asked by another hand, which opens the notes anew.
    with ThreadPoolExecutor(1) as hand:
        source = (tmp_path / "app" / "half.py").read_text()
        reached = hand.submit(first.of, "app/half.py", source, 2).result()
    assert reached == Reached(["half/test_half.py::test_it"], beyond=False)
