"""The process that stops the servers when all who used them died without leaving.

`python -m app.kit.servers DIRECTORY [unsafe]`: started with the servers, gone with them, idle in
between.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

from app.kit.servers import postgres, processes, sharing, valkey
from app.kit.servers.directories import ServerFolders

_started: list[subprocess.Popen[bytes]] = []


def stop_servers(place: ServerFolders) -> None:
    """Stop both. Requires the lock."""
    valkey.stop(place)
    postgres.stop(place)
    with contextlib.suppress(OSError):
        place.sockets.rmdir()


def start_keeper(place: ServerFolders) -> None:
    """Make sure that a keeper waits. Requires the lock."""
    _started[:] = [process for process in _started if process.poll() is None]
    if _keeper_waits(place.root):
        return
    source = Path(__file__).parents[3]
    command = [sys.executable, "-m", "app.kit.servers", str(place.root.resolve())]
    with processes.private_log(place.root / "keeper.log", anew=True) as log:
        _started.append(
            subprocess.Popen(
                [*command, *(["unsafe"] if place.unsafe else [])],
                cwd=source,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )


def _keeper_waits(root: Path) -> bool:
    descriptor = sharing.open_lock(root / "keeper")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def keep(place: ServerFolders) -> None:
    """Wait for the end of the last user, then stop what still runs.

    A second keeper goes at once.
    """
    descriptor = sharing.open_lock(place.root / "keeper")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    while True:
        sharing.wait_until_unguarded(place.root)
        with sharing.changing(place.root):
            if sharing.is_unused(place.root):
                stop_servers(place)
                # Still under the lock: whoever starts the servers next must not take us for their
                # keeper.
                os.close(descriptor)
                return
