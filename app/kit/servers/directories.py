"""Where the servers keep their data and their sockets, and as whom PostgreSQL runs."""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

# A Unix socket's address holds 107 bytes; the longest name that is put into the directory takes 25.
SOCKET_BYTES = 107


class ServerError(RuntimeError):
    """An embedded server cannot be had. The text tells the person at the terminal what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that a server runs as instead of ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True)
class ServerFolders:
    """The directories of one pair of servers.

    `unsafe` trades every promise about the data for speed, and deletes it when the servers stop:
    tests.
    """

    root: Path
    unsafe: bool = False

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def postgres_log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def valkey_log(self) -> Path:
        return self.root / "valkey.log"

    @property
    def sockets(self) -> Path:
        """A short directory of the user's: the checkout's own path may be too long for a socket."""
        key = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:16]
        return Path(f"/tmp/tresen-{os.geteuid()}") / key  # noqa: S108 - made by `private_directory`


def server_account(data: Path) -> Account | None:
    """Give the account for PostgreSQL, which refuses to run as root; None: ourselves will do.

    Data that exist keep their owner. Otherwise `postgres` where the machine has that user, else
    `nobody`: initdb needs a user with a name.
    """
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    message = (
        "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor "
        "'nobody'. Make one, or set DATABASE_URL."
    )
    raise ServerError(message)


def make_place(place: ServerFolders, account: Account | None) -> None:
    """Make the directories that are missing, and refuse those of somebody else."""
    place.root.mkdir(parents=True, exist_ok=True)
    if not os.access(place.root, os.W_OK | os.X_OK):
        message = f"{place.root} belongs to another user: run as that user, or set INSTANCE_DIR."
        raise ServerError(message)
    place.valkey.mkdir(exist_ok=True)
    private_directory(place.sockets.parent, mode=0o711)
    place.sockets.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(place.sockets, account.uid, account.gid)
    if len(os.fsencode(place.sockets)) + len("/.s.PGSQL.5432") > SOCKET_BYTES:
        message = f"{place.sockets} is too long a path for a socket."
        raise ServerError(message)


def private_directory(path: Path, *, mode: int) -> None:
    """Make `path` ours.

    Raises ServerError when somebody else was there first: /tmp is open to all.
    """
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            message = (
                f"{path} belongs to another user: remove it, or set DATABASE_URL and REDIS_URL."
            )
            raise ServerError(message) from None
    path.chmod(mode)
