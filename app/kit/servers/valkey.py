"""One Valkey below its `ServerFolders`.

It keeps nothing: PostgreSQL holds whatever must not be lost.
"""

import contextlib
import json
import signal
import socket
from pathlib import Path

from app.kit.servers import binaries, processes
from app.kit.servers.directories import ServerError, ServerFolders

SOCKET = "valkey.sock"


def start(place: ServerFolders) -> Path:
    """Make sure that the server answers, and give its socket. Requires the lock."""
    running = address(place)
    if running is not None:
        if processes.wait_for(lambda: answers(running), 5):
            return running
        stop(place)
    path = place.sockets / SOCKET
    path.unlink(missing_ok=True)
    pid = _launch(place, path)
    if not processes.wait_for(
        lambda: answers(path) or not processes.is_alive(pid), 30
    ) or not answers(path):
        processes.end(pid, [signal.SIGTERM], patience=2)
        message = f"Valkey does not start. Its log says:\n{processes.tail(place.valkey_log)}"
        raise ServerError(message)
    return path


def _launch(place: ServerFolders, path: Path) -> int:
    command: list[str | Path] = [
        *(binaries.valkey_server(), "--port", "0", "--unixsocket", path, "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", ".", "--maxmemory-policy", "noeviction"),
        *("--loglevel", "warning"),
    ]
    pid = processes.spawn(command, directory=place.valkey, log=place.valkey_log)
    note = place.valkey / "running.json.new"
    note.write_text(json.dumps({"pid": pid, "socket": str(path)}))
    note.rename(_note(place))
    return pid


def address(place: ServerFolders) -> Path | None:
    """Give the running server's socket, or None if it does not run."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads(_note(place).read_text())
        if processes.runs_in(int(note["pid"]), place.valkey):
            return Path(note["socket"])
    return None


def is_running(place: ServerFolders) -> bool:
    return address(place) is not None


def stop(place: ServerFolders) -> None:
    """End the server, if it runs. Requires the lock."""
    if is_running(place):
        pid = int(json.loads(_note(place).read_text())["pid"])
        processes.end(pid, [signal.SIGTERM], patience=10)
    _note(place).unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Ask the server at `path` whether it is ready; while loading it answers something else."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


def _note(place: ServerFolders) -> Path:
    return place.valkey / "running.json"
