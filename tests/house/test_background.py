"""Jobs, schedules and subscribers are known as soon as their file is there."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from app import parts
from app.kit.servers import TestServer

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
DECLARES = {"job", "on", "schedule", "SOURCES.register"}
NEW_DOMAIN = """
import sys
import app
from app import parts
app.__path__.append(sys.argv[1])
parts.DOMAINS += ("orchard",)
parts.load_background()
from app.kit.jobs.declared import DECLARED
from app.kit.events.subscribing import subscribers_of
print("app.orchard.jobs.picking.pick" in DECLARED, *subscribers_of("apple.ripe"))
"""


def _named(path: Path) -> str:
    parts_of = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts_of if part != "__init__")


def test_every_file_of_jobs_and_events_is_loaded_at_the_start(
    server: TestServer, database_url: str, tmp_path: Path
) -> None:
    domains = [APP / domain for domain in parts.DOMAINS]
    rooms = ("jobs.py", "jobs/**/*.py", "events.py", "events/**/*.py")
    files = {_named(path) for domain in domains for room in rooms for path in domain.glob(room)}
    script = "import json, sys; from app import create_app; create_app(); print(json.dumps([*sys.modules]))"
    environ = {"DATABASE_URL": database_url, "REDIS_URL": server.redis_url, "SECRET_KEY": "s" * 40}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **environ, "INSTANCE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "app.messages.jobs.settling" in files
    assert files - loaded == set()


def test_a_new_domain_needs_no_import_of_its_jobs_and_events(tmp_path: Path) -> None:
    jobs = tmp_path / "orchard" / "jobs"
    jobs.mkdir(parents=True)
    (jobs / "__init__.py").touch()
    (jobs / "picking.py").write_text(
        "from app.kit.jobs import job\n\n@job()\ndef pick(session): ...\n"
    )
    (tmp_path / "orchard" / "events.py").write_text(
        "from app.kit.events import on\n\n"
        "@on('apple.ripe', name='orchard.baskets')\ndef fill(session, happened): ...\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", NEW_DOMAIN, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "orchard.baskets"]


def test_a_domain_declares_jobs_and_subscribers_where_they_are_looked_for() -> None:
    """Elsewhere they would be known only where somebody happens to import the file."""
    found = {
        str(path.relative_to(APP))
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in DECLARES
        and path.relative_to(APP).parts[0] != "kit"
    }
    elsewhere = {one for one in found if Path(one).parts[1].split(".")[0] not in {"jobs", "events"}}
    assert elsewhere == set()
