"""What a dispatcher started and was answered, kept beside the database for the case of kill -9.

One file per batch and epoch, only added to, without fsync: the page cache survives the process.
A host that is lost, or comes up again after a power cut, has lost what was written last: then
everything granted and unrecorded counts as uncertain.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_RECORD = struct.Struct("<IHBx")
_STARTING, _REPLIED = 1, 2
_HOST_FILE = "host-id"
# Another one at each start of the machine.
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")
# The last byte of an empty first record: whoever takes the batch over sets it in the file.
_TAKEN_AT = _RECORD.size - 1
# Far longer than a processor keeps to itself what it has stored.
_VISIBLE = 0.02


class TakenOver(Exception):
    """Somebody else has the batch: it was not begun, and nothing more may be."""


@dataclass(slots=True)
class Facts:
    """What the journals of a batch's former owners say."""

    started: set[int] = field(default_factory=set)
    answers: dict[int, int] = field(default_factory=dict)

    @property
    def unanswered(self) -> set[int]:
        """Started, and nobody knows the reply: truly uncertain."""
        return self.started - self.answers.keys()


class Journal:
    """The journal of one owner of one batch. Holds a lock that says "this owner lives".

    A shared mapping: what was stored there is the file's, whatever happens to the process, and a
    record costs no system call (two writes a message were a third of all time). Room is taken when
    it is opened, so that a full disk is an error then and no signal later.
    """

    def __init__(self, folder: Path, batch: str, epoch: int, records: int = 1000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = _path(folder, batch, epoch)
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._size, self._at = 0, _RECORD.size
        self._make_room((max(records, 64) + 1) * _RECORD.size)

    def starting(self, ord_: int) -> None:
        """Right before the message may be taken by the provider. Raises TakenOver.

        Written first and then looked, as `read_facts` marks first and then reads: whichever comes
        second sees the other, so that no message leaves that the new owner holds for not begun.
        """
        self._add(ord_, 0, _STARTING)
        if self._room[_TAKEN_AT]:
            self._add(ord_, 0, _REPLIED)
            raise TakenOver

    def replied(self, ord_: int, code: int) -> None:
        """Right after its reply was read. Not for uncertain ends: these have no reply."""
        self._add(ord_, code, _REPLIED)

    def close(self) -> None:
        if self._file >= 0:
            self._room.close()
            os.close(self._file)
            self._file = -1

    def _add(self, ord_: int, code: int, kind: int) -> None:
        if self._at == self._size:
            self._room.close()
            self._make_room(self._size * 2)
        # The kind stands last: a record without it was never finished and is none.
        _RECORD.pack_into(self._room, self._at, ord_, code, kind)
        self._at += _RECORD.size

    def _make_room(self, size: int) -> None:
        os.posix_fallocate(self._file, 0, size)
        self._room = mmap.mmap(self._file, size)
        self._size = size


def read_facts(folder: Path, batch: str, before_epoch: int) -> Facts:
    """Return the facts of all owners before this epoch; those who still live begin nothing more.

    A slow one, or one that was stopped (SIGSTOP, a paused machine), goes on when we have looked,
    so its journal is marked before it is read. An epoch without a file never began to send: the
    file is made before the grant.
    """
    facts = Facts()
    for epoch in range(1, before_epoch):
        with suppress(FileNotFoundError):
            _apply(facts, _take_over(_path(folder, batch, epoch)))
    return facts


def remove(folder: Path, batch: str, up_to_epoch: int) -> None:
    """Forget a finished batch: its rows hold all outcomes."""
    for epoch in range(1, up_to_epoch + 1):
        _path(folder, batch, epoch).unlink(missing_ok=True)


def host_id(folder: Path) -> str:
    """Return the name of this journal folder on this machine since it was started.

    Another host knows by it that it cannot read what was written here, and so does this one when it
    comes up again: a record may never have reached the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _HOST_FILE
    if not path.exists():
        draft = folder / f"{_HOST_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
        draft.write_text(secrets.token_hex(8))
        # Another process may have been first: then its name counts.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    boot = _BOOT_FILE.read_text().strip() if _BOOT_FILE.exists() else ""
    return f"{path.read_text()} {boot}".strip()


def _path(folder: Path, batch: str, epoch: int) -> Path:
    return folder / f"{batch}.{epoch}"


def _take_over(path: Path) -> bytes:
    with path.open("r+b", buffering=0) as file:
        os.pwrite(file.fileno(), b"\1", _TAKEN_AT)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # It lives. What it has begun without seeing the mark is in the file by then.
            time.sleep(_VISIBLE)
        return file.read()


def _apply(facts: Facts, data: bytes) -> None:
    whole = len(data) - len(data) % _RECORD.size  # the last record may be torn
    for ord_, code, kind in _RECORD.iter_unpack(data[:whole]):
        if kind == _STARTING:
            facts.started.add(ord_)
            facts.answers.pop(ord_, None)  # a later start: the earlier answer was not the last word
        elif kind == _REPLIED:
            facts.answers[ord_] = code
