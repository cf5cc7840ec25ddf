"""`flask db` is there, and costs nobody else anything."""

from __future__ import annotations

import subprocess
import sys

from flask import Flask

from app.cli import crm
from app.cli.migrations import schema_changes
from app.kit.i18n.catalogues import ROOT


def test_migrations_are_run_by_flask_db():
    app = Flask("commands", root_path=str(ROOT))
    app.cli.add_command(schema_changes)
    # A process of its own: Alembic writes to what stood for standard output when it was imported.
    asked = (
        "from tests.house.test_commands import *\n"
        "app = Flask('commands', root_path=str(ROOT))\n"
        "app.cli.add_command(schema_changes)\n"
        "print(app.test_cli_runner().invoke(args=['db', 'heads'], catch_exceptions=False).output)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "(head)" in done.stdout, done.stderr
    listed = app.test_cli_runner().invoke(args=["db", "--help"]).output
    assert {"migrate", "upgrade", "current"} <= set(listed.split())


def test_the_commands_of_the_product_are_those_of_the_readme():
    said = (ROOT / "README.md").read_text("utf-8").split("`.venv/bin/flask crm …` | ")[1]
    named = {word.strip("` ,;") for word in said.split(";")[0].split(",")}
    assert named == set(crm.commands)


def test_a_process_that_does_not_migrate_loads_no_alembic():
    script = "import sys, app.cli, app.assembly; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
