"""What lies where, and what may import what."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
ROOMS = {
    "__init__",
    "choices",
    "models",
    "queries",
    "operations",
    "jobs",
    "events",
    "screens",
    "api",
    "extends",
}
# Rooms that only some domains have: see docs/decisions/0003-rooms.md and 0010-engine-room.md.
FURTHER_ROOMS = {
    "messages": {"engine"},
    "catalogue": {"demo"},
    "clients": {"demo", "segments"},
    "value": {"demo"},
    "stock": {"demo"},
    "orders": {"demo", "imports", "segments"},
    "cashier": {"demo"},
}


def _sources(*folders):
    files = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(files)}


def _lines(sources, pattern):
    return [
        f"{name}:{number}"
        for name, text in sources.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_no_view_query_or_operation_mentions_the_company_of_a_row():
    rooms = {
        name: text
        for name, text in _sources("app").items()
        if re.fullmatch(r"app/\w+/(queries|operations|screens|api)(/.*)?\.py", name)
        and not name.startswith(("app/company/", "app/kit/"))
    }
    assert _lines(rooms, r"\.company_id\s*==|company_id=") == []


def test_importing_the_package_loads_nothing_heavy():
    script = "import sys, app, run; print(sorted({'flask', 'sqlalchemy', 'rq'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def _domains():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    order = [name.strip("()") for name in contract["contracts"][0]["layers"]]
    listed = {name.removeprefix("app.") for name in contract["contracts"][1]["containers"]}
    return order, listed


def test_the_import_rules_know_every_domain():
    order, listed = _domains()
    domains = {path.parent.name for path in APP.glob("*/models.py")}
    domains |= {path.parents[1].name for path in APP.glob("*/models/__init__.py")}
    domains -= {"kit"}
    assert domains <= listed, "add it to the containers in pyproject.toml"
    assert listed <= set(order)


def test_every_domain_has_only_rooms_of_the_known_names():
    _, listed = _domains()
    unknown = {
        f"{domain}/{path.name}"
        for domain in listed
        for path in (APP / domain).iterdir()
        if path.name != "__pycache__" and path.stem not in ROOMS | FURTHER_ROOMS.get(domain, set())
    }
    assert unknown == set()


def test_no_machine_is_named_in_a_file():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.toml", "*.txt", "*.in", "Makefile", ".ci/run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    sources = {name: (ROOT / name).read_text() for name in tracked if (ROOT / name).exists()}
    own = {"tests/house/test_layout.py"}
    sources = {name: text for name, text in sources.items() if name not in own}
    assert _lines(sources, r"/work/(main|shared|\.library)|/tmp/crm|/opt/pypi|/opt/wheels") == []
