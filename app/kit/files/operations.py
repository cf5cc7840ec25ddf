"""Adding, serving and removing files.

The bytes are written before the row commits and deleted after its deletion commits: a row always
has its bytes. What a rollback or a crash leaves behind without a row, `sweep_orphans` removes a day
later.
"""

import hashlib
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import islice
from typing import BinaryIO
from urllib.parse import quote

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from app.kit import clock
from app.kit.database.session import after_commit
from app.kit.errors import Invalid, NotFound
from app.kit.files.models import StoredFile
from app.kit.files.stores import CHUNK, NoSuchObject, Pieces, store
from app.kit.files.types import DOCUMENTS, sniff
from app.kit.jobs.checkpoints import progress
from app.kit.jobs.declared import job
from app.kit.jobs.schedules import schedule
from app.kit.registry import file_owners

LARGEST = 20 * 1024 * 1024
_LONGEST_NAME = 200
# Long enough for any transaction of ours to have committed the row that belongs to the bytes.
_ORPHAN_AFTER = timedelta(days=1)
_SWEPT_AT_ONCE = 1000


class TooLarge(Invalid):
    """More bytes than are taken here."""

    status = 413

    def __init__(self, largest: int) -> None:
        super().__init__(
            _l("This file is larger than %(size)s MB.", size=f"{largest / 2**20:g}"), field="file"
        )


class WrongType(Invalid):
    status = 415
    default_message = _l("Files of this type are not taken here.")


def add_file(
    session: Session,
    content: BinaryIO,
    name: str,
    *,
    owner_kind: str,
    owner_id: int,
    types: Collection[str] = DOCUMENTS,
    largest: int = LARGEST,
) -> StoredFile:
    """Keep a file for a record. Raises TooLarge, WrongType, or Invalid for an empty one.

    The type is what the bytes say; the caller has checked the right to change the record.
    """
    if owner_kind not in file_owners:
        raise ValueError(f"{owner_kind} is not registered in file_owners.")
    size, digest = _measured(content, largest)
    if not size:
        raise Invalid(_l("This file is empty."), field="file")
    kind = sniff(content)
    if kind not in types:
        raise WrongType(field="file")
    company_id = session.execute(text("select crm_company()")).scalar_one()
    row = StoredFile(
        owner_kind=owner_kind,
        owner_id=owner_id,
        name=clean_name(name),
        content_type=kind,
        size=size,
        sha256=digest,
        storage_key=f"{company_id}/{clock.now():%Y-%m}/{uuid.uuid4().hex}",
    )
    store().put(row.storage_key, content, kind)
    session.add(row)
    session.flush()
    return row


def files_of(owner_kind: str, owner_id: int) -> Select[tuple[StoredFile]]:
    """Return the files of a record, oldest first."""
    return (
        select(StoredFile)
        .where(StoredFile.owner_kind == owner_kind, StoredFile.owner_id == owner_id)
        .order_by(StoredFile.id)
    )


def remove_file(session: Session, file: StoredFile) -> None:
    """Delete the row now and the bytes once that is committed."""
    key = file.storage_key
    session.delete(file)
    session.flush()
    after_commit(session, store().delete, key)


def open_file(file: StoredFile) -> Pieces:
    """Return the bytes in pieces. Raises NotFound when the store has lost them."""
    try:
        return store().read(file.storage_key)
    except NoSuchObject as error:
        raise NotFound(_l("The content of this file is missing.")) from error


@dataclass(frozen=True, slots=True)
class Download:
    """A file ready to be sent: pieces, and headers that let no browser run it."""

    file: StoredFile
    content: Pieces
    headers: dict[str, str]


def download(session: Session, file_id: int) -> Download:
    """Return a file for whoever may read its record.

    Raises NotFound for anybody else, and for no file.
    """
    file = session.get(StoredFile, file_id)
    owner = file and file_owners.get(file.owner_kind)
    if file is None or owner is None or not owner.may_read(session, file.owner_id):
        raise NotFound
    return Download(file, open_file(file), download_headers(file))


def download_headers(file: StoredFile) -> dict[str, str]:
    """Return headers by which it is saved, not shown, run nowhere and kept by no cache."""
    plain = file.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return {
        "Content-Type": file.content_type,
        "Content-Length": str(file.size),
        "Content-Disposition": (
            f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
        ),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
        "ETag": f'"{file.sha256}"',
    }


def clean_name(name: str) -> str:
    """Return a name for showing and saving: no folder, no control characters, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    # Also the marks that turn the reading direction, which make "exe.pdf" out of "fdp.exe".
    visible = re.sub(
        "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", last
    )
    stem = visible.strip(" .") or "file"
    if len(stem) <= _LONGEST_NAME:
        return stem
    dot = stem.rfind(".", -12)
    ending = stem[dot:] if dot > 0 else ""
    return stem[: _LONGEST_NAME - len(ending)] + ending


@job("bulk", timeout=3600)
def sweep_orphans(session: Session) -> int:
    """Delete bytes of the stamped company that no row knows, a day after they were written."""
    company_id = session.execute(text("select crm_company()")).scalar_one()
    before, gone, seen = clock.now() - _ORPHAN_AFTER, 0, 0
    old = (key for key, written in store().keys(company_id) if written < before)
    while batch := set(islice(old, _SWEPT_AT_ONCE)):
        wanted = select(StoredFile.storage_key).where(StoredFile.storage_key.in_(batch))
        for key in batch - set(session.scalars(wanted)):
            store().delete(key)
            gone += 1
        seen += len(batch)
        progress(session, seen)
    store().tidy(company_id, before)
    return gone


schedule("kit.files", f"{__name__}.sweep_orphans", at=time(3, 10), each_company=True)


def _measured(content: BinaryIO, largest: int) -> tuple[int, str]:
    """Return size and hash, reading no further than allowed; leaves the file at its start."""
    content.seek(0)
    size, digest = 0, hashlib.sha256()
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if size > largest:
            raise TooLarge(largest)
        digest.update(chunk)
    content.seek(0)
    return size, digest.hexdigest()
