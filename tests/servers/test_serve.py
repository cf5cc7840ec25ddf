"""Starting the product as a whole: the port, and what is announced."""

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import serve
from config import Config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def busy_port():
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("command", [["-m", "app.serve"], ["run.py"]], ids=["make run", "run.py"])
def test_a_busy_port_is_named_and_nothing_is_started(busy_port, tmp_path, command):
    environment = {**os.environ, "PORT": str(busy_port), "INSTANCE_DIR": str(tmp_path / "instance")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"Port {busy_port} on 127.0.0.1 is already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secrets.json"]


def test_a_port_that_is_not_allowed_is_named():
    with pytest.raises(SystemExit, match=r"Port 1 on 203\.0\.113\.1 cannot be used"):
        serve.listen("203.0.113.1", 1)


def test_programs_are_web_one_worker_a_queue_and_the_tick():
    from app.kit.jobs.queues import QUEUES

    with contextlib.closing(serve.listen("127.0.0.1", 0)) as listener:
        programs = serve.programs(Config(web_processes=3, web_threads=5), listener)
        assert list(programs[0].descriptors) == [listener.fileno()]
    workers = [f"worker {queue}" for queue in QUEUES]
    assert [program.name for program in programs][: len(workers) + 2] == ["web", *workers, "tick"]
    web = list(programs[0].command)
    assert web[web.index("--workers") + 1] == "3"
    assert web[web.index("--threads") + 1] == "5"


def test_the_announcement_gives_address_and_sign_ins():
    text = serve.announcement(
        Config(public_url="http://127.0.0.1:8080", demo_password="open sesame")
    )
    assert "http://127.0.0.1:8080" in text
    assert "owner@demo.example" in text
    assert "superuser@demo.example" in text
    assert "open sesame" in text


def test_production_announces_no_password():
    text = serve.announcement(Config(production=True, demo_password="open sesame"))
    assert "open sesame" not in text
    assert "demo.example" not in text
