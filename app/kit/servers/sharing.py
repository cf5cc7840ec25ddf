"""Who uses a pair of servers, so that the last to leave stops them, whatever becomes of the rest.

Three files below the place carry `flock`s, which the system drops when their holder dies: `lock` is
held while servers are started or stopped; `users` is held shared by everyone who uses them; so is
`guard`, on which the keeper waits. The keeper cannot wait on `users`: at the moment when the last
user leaves, it would take it first, and that user would go without having stopped anything.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def open_lock(path: Path) -> int:
    # Read-only is enough for flock, and a file made by root still opens for the checkout's owner.
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


@contextlib.contextmanager
def changing(root: Path) -> Iterator[None]:
    """Hold the lock under which servers start and stop."""
    descriptor = open_lock(root / "lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Use:
    """One process's use of the servers. Enter and leave under `changing`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pid = os.getpid()
        self._users = open_lock(root / "users")
        self._guard = open_lock(root / "guard")
        fcntl.flock(self._users, fcntl.LOCK_SH)
        fcntl.flock(self._guard, fcntl.LOCK_SH)

    @property
    def is_mine(self) -> bool:
        """False in a forked child, which must not leave in its parent's name."""
        return self._pid == os.getpid()

    def leave_users(self) -> None:
        # Closed, not unlocked: a forked child that still uses the servers keeps the lock.
        os.close(self._users)

    def leave_guard(self) -> None:
        os.close(self._guard)


def is_unused(root: Path) -> bool:
    """Tell whether nobody uses the servers. Requires `changing`."""
    descriptor = open_lock(root / "users")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_until_unguarded(root: Path) -> None:
    """Wait until the last user has left or died."""
    descriptor = open_lock(root / "guard")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)
