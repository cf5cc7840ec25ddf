"""The start of one web process against nothing but the import of Flask-AppBuilder."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.harness import Benchmark, Sides
from benchmarks.stage import HOME, LOADED, ROOT, Stage

MOST_QUERIES = 10
_OURS = """
from sqlalchemy import Engine, event
asked = []
event.listen(Engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
from app import create_app
app = create_app()
import time
print(time.monotonic(), len(asked), len(list(app.url_map.iter_rules())))
"""
_REFERENCE = """
import flask_appbuilder
import time
print(time.monotonic(), 0, 0)
"""


def boot(stage: Stage) -> Sides:
    """Check what a start asks the database, and that the whole application is there."""
    environment = stage.config_for(LOADED).environment()
    # As on a machine where it runs day by day, both sides find their bytecode.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(HOME / "bytecode")

    def start(script: str) -> tuple[float, int, int]:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        ended, asked, rules = done.stdout.split()
        return (float(ended) - began) * 1000, int(asked), int(rules)

    _time, asked, rules = start(_OURS)
    if asked > MOST_QUERIES or rules < 100:
        message = f"A start asked {asked} queries and made {rules} addresses."
        raise RuntimeError(message)
    start(_REFERENCE)
    return Sides(lambda: start(_OURS)[0], lambda: start(_REFERENCE)[0])


ALL = [Benchmark("boot", "ms", "import-flask-appbuilder", 2.5, at_most=True, prepare=boot)]
