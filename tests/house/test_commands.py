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
    found = app.test_cli_runner().invoke(args=["db", "heads"])
    assert found.exit_code == 0, found.output
    assert "(head)" in found.output
    listed = app.test_cli_runner().invoke(args=["db", "--help"]).output
    assert {"migrate", "upgrade", "current"} <= set(listed.split())


def test_the_commands_of_the_product_are_those_of_the_readme():
    said = (ROOT / "README.md").read_text("utf-8").split("`.venv/bin/flask crm …` | ")[1]
    named = {word.strip("` ,;") for word in said.split(";")[0].split(",")}
    assert named == set(crm.commands)


def test_a_process_that_does_not_migrate_loads_no_alembic():
    script = "import sys, app.cli, app.assembly; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
