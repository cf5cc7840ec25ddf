"""One PostgreSQL 18 below its `ServerFolders`.

Made once, joined or started, stopped, and repaired after a crash.
"""

import contextlib
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg2

from app.kit.servers import binaries, processes
from app.kit.servers.directories import Account, ServerError, ServerFolders, server_account

SUPERUSER = "postgres"
# The data directory is named to the server by its own working directory: as another user it can
# enter that one, but perhaps not the path to it (docs/decisions/0005-embedded-servers.md).
HERE = "/proc/self/cwd"
LOCALE = (
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C.UTF-8",
    "--encoding=UTF8",
)


def start(place: ServerFolders) -> Path:
    """Make sure that the server answers, and give the directory of its socket.

    Requires the lock.
    """
    running = address(place)
    if running is not None:
        if _answers(running, 10):
            return running
        stop(place)
    account = server_account(place.postgres)
    programs = binaries.postgres_bin(account)
    _remove_leftovers(place)
    if place.unsafe:
        # Written without fsync: after a restart of the machine nobody knows what is in there.
        shutil.rmtree(place.postgres, ignore_errors=True)
    _make_data(place, programs, account)
    pid = _launch(place, programs, account)
    if not _started(place, pid):
        # The children of a postmaster that was killed hold its shared memory for a moment.
        time.sleep(1)
        pid = _launch(place, programs, account)
        if not _started(place, pid):
            processes.end(pid, [signal.SIGQUIT], patience=5)
            message = (
                f"PostgreSQL does not start. Its log says:\n{processes.tail(place.postgres_log)}"
            )
            raise ServerError(message)
    return place.sockets


def address(place: ServerFolders) -> Path | None:
    """Give the directory of the running server's socket, or None if it does not run."""
    lines = _pid_file(place)
    pid = _pid(lines)
    if pid is None or not processes.runs_in(pid, place.postgres):
        return None
    return Path(lines[4]) if len(lines) > 4 and lines[4] else place.sockets


def is_running(place: ServerFolders) -> bool:
    return address(place) is not None


def stop(place: ServerFolders) -> None:
    """End the server, if it runs, with everything written. Requires the lock."""
    pid = _pid(_pid_file(place)) or _without_pid_file(place)
    if pid is not None and processes.runs_in(pid, place.postgres):
        # Fast shutdown; without its checkpoint if that takes longer than anyone waits.
        processes.end(pid, [signal.SIGINT, signal.SIGQUIT], patience=30)
    if place.unsafe:
        shutil.rmtree(place.postgres, ignore_errors=True)


def superuser_url(sockets: Path, database: str = "postgres") -> str:
    # The port is named: PGPORT in the environment would change it.
    return f"postgresql://{SUPERUSER}@/{database}?host={sockets}&port=5432"


def _launch(place: ServerFolders, programs: Path, account: Account | None) -> int:
    directory = HERE if Path(HERE).exists() else str(place.postgres)
    command: list[str | Path] = [programs / "postgres", "-D", directory]
    for name, value in _settings(place).items():
        command += ["-c", f"{name}={value}"]
    return processes.spawn(
        command, directory=place.postgres, log=place.postgres_log, account=account
    )


def _settings(place: ServerFolders) -> dict[str, str]:
    memory = psutil.virtual_memory().total // 2**20
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_connections": "200",
        "shared_buffers": f"{min(max(memory // 16, 128), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "maintenance_work_mem": "128MB",
        "work_mem": "16MB",
        "random_page_cost": "1.1",
        # Requests are short and under policies: compiling their plans costs more than it saves.
        "jit": "off",
        "max_wal_size": "2GB",
        "log_checkpoints": "off",
        # What was refused is a person's: no values of a row (DETAIL), no statement, no parameters.
        # The message itself may hold one ("invalid input syntax … »Ann«"): `quiet_logins`.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    if place.unsafe:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            # Goes with the data directory, also after a crash that nobody recovers from.
            "dynamic_shared_memory_type": "mmap",
            "shared_buffers": "128MB",
            "wal_level": "minimal",
            "max_wal_senders": "0",
        }
    return settings


def _started(place: ServerFolders, pid: int) -> bool:
    # A recovery after a crash may take long: the process lives and answers "starting up". Ended for
    # that, it would begin anew at the next start.
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and processes.is_alive(pid):
        if _answers(place.sockets, 0.2):
            return True
    return False


def _answers(sockets: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg2.connect(superuser_url(sockets), connect_timeout=5).close()
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _make_data(place: ServerFolders, programs: Path, account: Account | None) -> None:
    """Run initdb beside the final name.

    Data that a crash left half-made are never taken for whole ones.
    """
    version = place.postgres / "PG_VERSION"
    if version.exists() and (place.postgres / "global" / "pg_control").exists():
        _check_version(version.read_text().strip())
        return
    if place.postgres.exists():
        _set_aside(place.postgres)
    making = place.root / "postgres.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    if account is not None:
        shutil.chown(making, account.uid, account.gid)
    directory = HERE if Path(HERE).exists() else str(making)
    command = [
        *(str(programs / "initdb"), "-D", directory, "-U", SUPERUSER, "--auth=trust", *LOCALE),
        *(["--no-sync"] if place.unsafe else []),
    ]
    done = subprocess.run(
        command,
        check=False,
        cwd=making,
        env=processes.environment(),
        capture_output=True,
        text=True,
        **processes.as_account(account),
    )
    if done.returncode:
        message = (
            f"PostgreSQL's data directory cannot be made in {making}:\n{done.stdout}{done.stderr}"
        )
        raise ServerError(message)
    # Only the socket is listened on, and only the directory's owner and root can enter it.
    (making / "pg_hba.conf").write_text("local all all trust\n")
    making.rename(place.postgres)


def _check_version(found: str) -> None:
    if found != binaries.MAJOR:
        message = (
            f"The data in instance/ were written by PostgreSQL {found}, and this is "
            f"{binaries.MAJOR}: dump them with that version, or set DATABASE_URL to such a server."
        )
        raise ServerError(message)


def _set_aside(data: Path) -> None:
    """Keep what is no whole data directory.

    Deleting what somebody may miss is not ours to decide.
    """
    if not any(data.iterdir()):
        data.rmdir()
        return
    data.rename(data.with_name(f"{data.name}.broken-{time.time_ns()}"))


def _remove_leftovers(place: ServerFolders) -> None:
    """Clear away what a crash left.

    PostgreSQL itself takes a reused process number for a running server.
    """
    (place.postgres / "postmaster.pid").unlink(missing_ok=True)
    lock = place.sockets / ".s.PGSQL.5432.lock"
    pid = _pid(_lines(lock))
    if pid is not None and _is_postgres(pid):
        # Its data directory was deleted under it; the socket's directory is this checkout's alone.
        processes.end(pid, [signal.SIGQUIT], patience=5)
    lock.unlink(missing_ok=True)
    (place.sockets / ".s.PGSQL.5432").unlink(missing_ok=True)


def _without_pid_file(place: ServerFolders) -> int | None:
    """Find a server that has only just been started: its starter may have been killed then."""
    for process in psutil.process_iter(["name", "ppid"]):
        found = process.info["name"] == "postgres" and processes.runs_in(
            process.pid, place.postgres
        )
        if found and not _is_postgres(process.info["ppid"]):
            return int(process.pid)
    return None


def _is_postgres(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).name() == "postgres")
    return False


def _pid_file(place: ServerFolders) -> list[str]:
    return _lines(place.postgres / "postmaster.pid")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _pid(lines: list[str]) -> int | None:
    # A file cut short by a full disk may hold anything.
    return int(lines[0]) if lines and lines[0].isdecimal() and int(lines[0]) > 1 else None
