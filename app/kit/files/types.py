"""What a file is, told from its first bytes and never from its name."""

import io
import zipfile
from typing import BinaryIO

_OFFICE = "application/vnd.openxmlformats-officedocument."
XLSX = _OFFICE + "spreadsheetml.sheet"
DOCX = _OFFICE + "wordprocessingml.document"
BINARY = "application/octet-stream"

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
DOCUMENTS = IMAGES | {"application/pdf", "text/plain", XLSX, DOCX}

# How much of the beginning `sniff` looks at.
HEAD = 4096

# A list of contents becomes twenty times its size in memory; that of a document is a few thousand
# bytes. The end of an archive is at most as long as its comment may be.
_LARGEST_DIRECTORY = 2**20
_END = 22 + 2**16

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
# A browser that is shown one of these as text may still run it.
_ACTIVE = (
    b"<!doctype html",
    b"<html",
    b"<script",
    b"<svg",
    b"<?xml",
    b"<head",
    b"<body",
    b"<iframe",
    b"<!--",
)


def sniff(file: BinaryIO) -> str:
    """Return the content type of an open file, which is left at its beginning."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return _in_zip(file) if kind == "application/zip" else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _as_text(head)


def _as_text(head: bytes) -> str:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if any(mark in start for mark in _ACTIVE):
        return "text/html"
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return BINARY
    return "text/plain"


def _in_zip(file: BinaryIO) -> str:
    """Office documents are zip archives that say so inside."""
    if _directory_size(file) > _LARGEST_DIRECTORY:
        return "application/zip"
    try:
        with zipfile.ZipFile(io.BufferedReader(_StaysOpen(file))) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return BINARY
    finally:
        file.seek(0)
    if "[Content_Types].xml" in names and not any(
        name.endswith("vbaProject.bin") for name in names
    ):
        if "xl/workbook.xml" in names:
            return XLSX
        if "word/document.xml" in names:
            return DOCX
    return "application/zip"


def _directory_size(file: BinaryIO) -> int:
    """Return how many bytes the archive's list of contents takes, as its end says."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END))
    tail = file.read(_END)
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0


class _StaysOpen(io.RawIOBase):
    """A view of a file that stays open when the reader of the view closes it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)
