"""Where the bytes lie: below a folder of this machine or in a bucket of S3, by one protocol."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from app.kit.outgoing import s3_client

CHUNK = 64 * 1024

# Made by us from the company's id, the month and a random name: nothing of the user's gets into a
# path.
_KEY = re.compile(r"\d+/\d{4}-\d{2}/[0-9a-f]{32}", re.ASCII)
_DRAFT = ".draft-"


class NoSuchObject(Exception):
    """The store has nothing under the key."""


class Pieces(Protocol):
    """The bytes of an object in pieces, to be closed by whoever does not read to the end."""

    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...


class FileStore(Protocol):
    """What the operations need of a place for bytes."""

    def put(self, key: str, content: BinaryIO, content_type: str) -> None:
        """Keep all that `content` has from its present position on."""

    def read(self, key: str) -> Pieces:
        """Return the bytes in pieces. Raises NoSuchObject at the call, not at the first piece."""

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is unknown."""

    def keys(self, company_id: int) -> Iterator[tuple[str, datetime]]:
        """Every key of a company with the time it was written."""

    def tidy(self, company_id: int, before: datetime) -> None:
        """Remove what writing that was interrupted before then has left."""


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a file.")
    return key


class LocalStore:
    """Files below a folder.

    A reader sees a whole file or none: it is renamed into place when written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: BinaryIO, content_type: str) -> None:
        path = self._root / _checked(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := content.read(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    def read(self, key: str) -> Pieces:
        try:
            file = (self._root / _checked(key)).open("rb")
        except FileNotFoundError as error:
            raise NoSuchObject(key) from error
        return _Pieces(file)

    def delete(self, key: str) -> None:
        (self._root / _checked(key)).unlink(missing_ok=True)

    def keys(self, company_id: int) -> Iterator[tuple[str, datetime]]:
        for path in sorted((self._root / str(company_id)).glob("*/*")):
            key = path.relative_to(self._root).as_posix()
            if _KEY.fullmatch(key):
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    yield key, _written(path)

    def tidy(self, company_id: int, before: datetime) -> None:
        for path in (self._root / str(company_id)).glob(f"*/{_DRAFT}*"):
            with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
                if _written(path) < before:
                    path.unlink()


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


class S3Store:
    """Objects in a bucket of S3 or of anything that speaks its protocol."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
    ) -> None:
        # Half a second of a web process's start, needed only where there is a bucket.
        from botocore.config import Config as BotoConfig  # noqa: PLC0415

        self._bucket = bucket
        self._client: Any = s3_client(
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            config=BotoConfig(
                connect_timeout=5,
                read_timeout=30,
                retries={"max_attempts": 3, "mode": "standard"},
                # Others than Amazon's own need the bucket in the path and know no newer checksums.
                s3={"addressing_style": "path" if endpoint_url else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, content: BinaryIO, content_type: str) -> None:
        # Should the bucket ever be opened to the web, nothing in it runs in its origin.
        safe = {"ContentType": content_type, "ContentDisposition": "attachment"}
        self._client.upload_fileobj(_Unclosed(content), self._bucket, _checked(key), ExtraArgs=safe)

    def read(self, key: str) -> Pieces:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=_checked(key))["Body"]
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise NoSuchObject(key) from error
            raise
        return _Pieces(body)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=_checked(key))

    def keys(self, company_id: int) -> Iterator[tuple[str, datetime]]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=f"{company_id}/"):
            for entry in page.get("Contents", ()):
                if _KEY.fullmatch(entry["Key"]):
                    yield entry["Key"], entry["LastModified"]

    def tidy(self, company_id: int, before: datetime) -> None:
        listed = self._client.get_paginator("list_multipart_uploads")
        for page in listed.paginate(Bucket=self._bucket, Prefix=f"{company_id}/"):
            for one in page.get("Uploads", ()):
                if one["Initiated"] < before:
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=one["Key"], UploadId=one["UploadId"]
                    )


class _Unclosed:
    """Content for boto3, which closes what it has uploaded; the caller's file stays open."""

    def __init__(self, content: BinaryIO) -> None:
        self.read = content.read


class _Pieces:
    """An open body in pieces.

    Not a generator: closing one that nobody began to read would leave the body open.
    """

    def __init__(self, body: Any) -> None:
        self._body, self._open = body, True

    def __iter__(self) -> "_Pieces":
        return self

    def __next__(self) -> bytes:
        chunk: bytes = self._body.read(CHUNK) if self._open else b""
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the body; the web server calls it, also when the reader went away."""
        self._open = False
        self._body.close()


_store: FileStore | None = None


def use_store(chosen: FileStore) -> None:
    """Set the store of this process."""
    global _store  # noqa: PLW0603 -- one store a process; set once when the process starts
    _store = chosen


def store() -> FileStore:
    """Return the store of this process. Raises RuntimeError before `use_store`."""
    if _store is None:
        raise RuntimeError("No store yet: call create_app() or use_store() first.")
    return _store
