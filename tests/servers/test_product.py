"""The whole product as `make run` starts it: announced, mended, ended; nothing is left behind."""

from __future__ import annotations

import contextlib
import http.client
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.kit.jobs.queues import QUEUES
from tests.servers.checkouts import CLEAN, eventually

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "open sesame 2026"
# For a machine that has other things to do.
LONG = 150


class Product:
    """`make run` on a directory and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.instance = folder / "instance"
        with contextlib.closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "log"
        self.environment = {
            **CLEAN,
            "HOME": os.environ.get("HOME", "/"),
            "INSTANCE_DIR": str(self.instance),
            "PORT": str(self.port),
            "DEMO_PASSWORD": PASSWORD,
        }
        self.make: subprocess.Popen[bytes] | None = None
        self.seen: set[psutil.Process] = set()

    def start(self) -> float:
        """Start, and give how many seconds it took until it was announced."""
        began = time.monotonic()
        self.begin()
        done = eventually(lambda: "Ctrl-C ends it." in self.said() or self.is_over(), LONG)
        assert done, self.said()
        assert not self.is_over(), self.said()
        return time.monotonic() - began

    def begin(self) -> None:
        """Start it and wait for nothing."""
        with self.log.open("wb") as log:
            self.make = subprocess.Popen(
                ["make", "--silent", "run"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text()

    def is_over(self) -> bool:
        return self.make.poll() is not None

    def supervisor(self) -> psutil.Process:
        (found,) = psutil.Process(self.make.pid).children()
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this product; remembered, to be asked for after its end."""
        found = [self.supervisor(), *self.supervisor().children(recursive=True)]
        self.seen.update(found)
        return found

    def running(self, *words: str) -> psutil.Process:
        """Give the child of the supervisor in whose command all the words stand."""
        for process in self.supervisor().children():
            with contextlib.suppress(psutil.Error):
                if all(word in " ".join(process.cmdline()) for word in words):
                    return process
        raise LookupError(words)

    def left(self) -> list[str]:
        """What still runs of all that was ever seen."""
        found = []
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        return found

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/health")[0] == 200
        return False

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return json.loads(self.get("/ready")[1])["status"] == "ok"
        return False

    def end(self) -> None:
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.make:
            self.make.kill()
            self.make.wait()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
    made = Product(folder)
    try:
        made.start()
        made.processes()
        yield made
    finally:
        made.end()


@pytest.fixture
def product(started: Product) -> Product:
    """The product, running: whoever of these tests ended it before."""
    if started.is_over():
        started.start()
        started.processes()
    return started


pytestmark = pytest.mark.timeout(400)


def test_it_prints_the_address_and_the_demo_sign_ins(product: Product) -> None:
    said = product.said()
    assert f"Tresen runs at http://127.0.0.1:{product.port}\n" in said
    assert "owner@demo.example" in said
    assert "superuser@demo.example" in said
    assert f"Password: {PASSWORD}" in said


def test_its_state_can_be_asked_for(product: Product) -> None:
    assert product.get("/health") == (200, '{"status":"ok"}\n')
    assert eventually(product.is_ready, LONG), product.get("/ready")
    status, figures = product.get("/metrics")
    assert status == 200
    assert "crm_database_up 1.0" in figures
    for queue in QUEUES:
        assert f'crm_processes{{kind="worker",queue="{queue}"}} 1.0' in figures


@pytest.mark.parametrize("name", ["owner", "warehouse", "franchise", "superuser"])
def test_whom_it_printed_can_sign_in(product: Product, name: str) -> None:
    opener, here = _browser(), f"http://127.0.0.1:{product.port}"
    page = opener.open(f"{here}/login/").read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"login": f"{name}@demo.example", "password": PASSWORD, "csrf_token": token[1]}
    answer = opener.open(f"{here}/login/", urllib.parse.urlencode(form).encode())
    assert answer.status == 200
    assert "/login" not in answer.url
    if name == "owner":
        described = json.load(opener.open(f"{here}/api/v1/_openapi"))
        assert "/api/v1/clients/" in described["paths"]


def _browser() -> urllib.request.OpenerDirector:
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    return urllib.request.build_opener(jar)


def test_the_api_is_closed_to_strangers(product: Product) -> None:
    for path in ("/api/v1/_openapi", "/api/v1/clients/"):
        assert product.get(path)[0] == 401


def test_commands_beside_it_use_the_same_servers(product: Product) -> None:
    before = product.processes()
    done = subprocess.run(
        [ROOT / ".venv/bin/flask", "crm", "check"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok   clients.figures_there" in done.stdout
    assert set(before) <= set(product.processes())


def test_a_second_start_on_its_port_is_refused_by_name(product: Product) -> None:
    done = subprocess.run(
        ["make", "--silent", "run"],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )
    assert done.returncode != 0
    assert f"Port {product.port} on 127.0.0.1 is already in use" in done.stderr
    assert product.answers()


VICTIMS = {
    "web": ("gunicorn",),
    "a worker": ("app.kit.jobs.worker", "events"),
    "the tick": ("app.kit.jobs.tick",),
    "PostgreSQL": ("postgres", "-D"),
    "Valkey": ("valkey-server",),
}


@pytest.mark.parametrize("words", VICTIMS.values(), ids=VICTIMS)
def test_what_is_killed_is_there_again(product: Product, words: tuple[str, ...]) -> None:
    victim = product.running(*words)
    product.processes()
    victim.kill()
    assert eventually(lambda: _is_another(lambda: product.running(*words), victim), LONG)
    assert eventually(product.is_ready, LONG), product.said()
    product.processes()


def _is_another(find: Callable[[], psutil.Process], victim: psutil.Process) -> bool:
    with contextlib.suppress(LookupError, psutil.Error):
        return find() != victim
    return False


def test_ctrl_c_ends_everything(product: Product) -> None:
    product.processes()
    before = len(product.said())
    # What a terminal does: everybody in its foreground group is told.
    os.killpg(product.make.pid, signal.SIGINT)
    product.make.wait(LONG)
    assert product.left() == []
    assert not (product.instance / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in product.said()[before:]


@pytest.mark.parametrize("victim", ["the supervisor", "make"])
def test_kill_9_leaves_nothing_behind(product: Product, victim: str) -> None:
    product.processes()
    killed = (
        product.supervisor() if victim == "the supervisor" else psutil.Process(product.make.pid)
    )
    killed.kill()
    product.make.wait(LONG)
    assert eventually(lambda: not product.left(), LONG), product.left()


def test_killed_while_it_prepares_the_first_start_it_is_whole_at_the_next(
    product: Product, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("interrupted")
    folder.chmod(0o755)
    other = Product(folder)
    try:
        other.begin()
        # Its first piece is there, and the last one not yet.
        assert eventually(lambda: "stores:" in other.said(), LONG), other.said()
        other.processes()
        os.killpg(other.make.pid, signal.SIGKILL)
        other.make.wait()
        assert "campaigns:" not in other.said()
        assert eventually(lambda: not other.left(), LONG), other.left()
        other.start()
        assert "campaigns:" in other.said()
        other.processes()
        os.killpg(other.make.pid, signal.SIGINT)
        other.make.wait(LONG)
        assert other.left() == []
    finally:
        other.end()
