"""The Django reference: a virtual environment of its own, a copy of the database, two processes."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from app.kit.servers import postgres
from app.kit.servers.directories import ServerFolders
from benchmarks.browsing import Browser, signed_in
from benchmarks.processes import Child, wait_for_http
from benchmarks.stage import HOME, Stage, free_port, say

HERE = Path(__file__).resolve().parent / "reference"
PROJECT = HERE / "django_admin"
REQUIREMENTS = HERE / "requirements.txt"
VENV = HOME / "django-venv"
DATABASE = "bench_django"


def environment() -> Path:
    """Return the Python of Django's virtual environment, made as far as missing."""
    python = VENV / "bin" / "python"
    stamp = VENV / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    say("Installing Django for the reference.")
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)
    return python


@contextlib.contextmanager
def django(stage: Stage) -> Iterator[Browser]:
    """Return a browser signed in to Django's admin over a copy of the loaded database."""
    python = environment()
    port = free_port()
    settings = {
        "DJANGO_DATABASE": DATABASE,
        "DJANGO_SOCKETS": str(postgres.address(ServerFolders(stage.config.instance))),
        "PYTHONUNBUFFERED": "1",
    }
    with stage.copy(DATABASE):
        subprocess.run([python, "prepare.py"], cwd=PROJECT, env=settings, check=True)
        stage.ask(DATABASE, "vacuum (analyze)")
        command = [
            *(str(python), "-m", "gunicorn", "wsgi:application", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--keep-alive", "5", "--log-level", "warning", "--no-control-socket"),
        ]
        with Child(command, settings, HOME / "django.log", directory=PROJECT):
            address = f"http://127.0.0.1:{port}"
            wait_for_http(f"{address}/admin/login/", seconds=60)
            fields = {"username": "bench", "password": "bench", "next": "/admin/"}
            browser = signed_in(address, "/admin/login/", fields)
            yield browser
            browser.close()
