"""Files: the same behaviour on local disk and in S3; types told by bytes; nothing served that could run."""

import io
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import time, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.kit import clock, registry
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Stamp, company_stamp
from app.kit.errors import Invalid, NotFound
from app.kit.files import (
    IMAGES,
    FileStore,
    LocalStore,
    S3Store,
    StoredFile,
    add_file,
    download,
    files_of,
    open_file,
    remove_file,
    sniff,
    stores,
    sweep_orphans,
)
from app.kit.files.operations import TooLarge, WrongType, clean_name
from app.kit.files.stores import NoSuchObject
from app.kit.files.types import BINARY, DOCX, XLSX
from app.kit.jobs.declared import declared
from app.kit.jobs.schedules import SCHEDULES
from app.kit.registry import FileOwner, Registry
from app.kit.runtime_config import wire
from config import Config

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
KEY = "1/2026-11/" + "a" * 32
AsStamp = Callable[[Stamp], AbstractContextManager[Session]]


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local disk", "S3"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Return a configuration that names the one store or the other; the store is chosen by it alone."""
    keys = {"secret_key": "a key", "encryption_keys": ("another key",)}
    if request.param == "local disk":
        return Config(instance=tmp_path, **keys)  # type: ignore[arg-type]
    access = {
        "aws_access_key_id": "id",
        "aws_secret_access_key": "secret",
        "region_name": "eu-central-1",
    }
    url, bucket = request.getfixturevalue("s3_url"), f"files-{uuid.uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=url, **access).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return Config(
        instance=tmp_path,
        s3_bucket=bucket,
        s3_endpoint_url=url,
        s3_region="eu-central-1",
        s3_access_key_id="id",
        s3_secret_access_key="secret",
        **keys,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True)
def store(config: Config, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    monkeypatch.setattr(stores, "_store", None)
    wire(config)
    chosen = stores.store()
    assert isinstance(chosen, S3Store if config.s3_bucket else LocalStore)
    return chosen


@pytest.fixture(autouse=True)
def owners(monkeypatch: pytest.MonkeyPatch) -> Registry[FileOwner]:
    """Return records of kind `card`, of which the reader may see those with an even id."""
    known: Registry[FileOwner] = Registry("file owner")
    known.register(FileOwner("card", lambda _session, card: card % 2 == 0))
    for module in ("app.kit.registry", "app.kit.files.operations"):
        monkeypatch.setattr(f"{module}.file_owners", known)
    assert registry.file_owners is known
    return known


def attach(
    session: Session, content: bytes = PNG, name: str = "a.png", owner: int = 2
) -> StoredFile:
    return add_file(session, io.BytesIO(content), name, owner_kind="card", owner_id=owner)


def keys(store: FileStore, company: int = 1) -> set[str]:
    return {key for key, _written in store.keys(company)}


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


def test_a_store_gives_back_what_it_was_given(store: FileStore) -> None:
    content = bytes(range(256)) * 2000
    store.put(KEY, io.BytesIO(content), "text/plain")
    assert b"".join(store.read(KEY)) == content
    assert keys(store) == {KEY}
    assert keys(store, 11) == set()
    store.put(KEY, io.BytesIO(b"newer"), "text/plain")
    assert b"".join(store.read(KEY)) == b"newer"
    store.delete(KEY)
    store.delete(KEY)
    with pytest.raises(NoSuchObject):
        store.read(KEY)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "1/2026-11/../x", "/1/2026-11/" + "a" * 32, "", KEY + "\n"]
)
def test_a_store_refuses_keys_that_we_did_not_make(store: FileStore, key: str) -> None:
    for call in (store.read, store.delete, lambda k: store.put(k, io.BytesIO(b""), "text/plain")):
        with pytest.raises(ValueError, match="no key of a file"):
            call(key)


def test_a_file_has_a_row_with_size_type_and_hash(session: Session, store: FileStore) -> None:
    file = attach(session, name="C:\\photos\\Katze.png")
    assert (file.name, file.content_type, file.size) == ("Katze.png", "image/png", len(PNG))
    assert len(file.sha256) == 64
    assert file.storage_key.startswith("1/")
    assert keys(store) == {file.storage_key}
    assert b"".join(open_file(file)) == PNG
    assert list(session.scalars(files_of("card", 2))) == [file]
    assert list(session.scalars(files_of("card", 4))) == []


def test_too_large_a_file_is_refused_and_nothing_kept(session: Session, store: FileStore) -> None:
    with pytest.raises(TooLarge, match=r"larger than 0.5 MB") as refusal:
        add_file(
            session, io.BytesIO(PNG * 6000), "a.png", owner_kind="card", owner_id=2, largest=2**19
        )
    assert (refusal.value.status, keys(store)) == (413, set())


def test_the_type_counts_and_not_the_name(session: Session, store: FileStore) -> None:
    with pytest.raises(WrongType, match="not taken here"):
        attach(session, b"<html><script>steal()</script>", "photo.png")
    with pytest.raises(WrongType):
        add_file(
            session, io.BytesIO(b"%PDF-1.7"), "a.png", owner_kind="card", owner_id=2, types=IMAGES
        )
    with pytest.raises(Invalid, match="empty"):
        attach(session, b"")
    assert keys(store) == set()


def test_a_file_is_served_to_whoever_may_read_its_record(session: Session) -> None:
    file = attach(session, name='Rech"nung Ёж.png')
    got = download(session, file.id)
    assert b"".join(got.content) == PNG
    assert got.headers["Content-Disposition"] == (
        "attachment; filename=\"Rech_nung __.png\"; filename*=UTF-8''Rech%22nung%20%D0%81%D0%B6.png"
    )
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["Content-Length"] == str(len(PNG))


def test_a_download_that_nobody_reads_can_be_closed(session: Session) -> None:
    content = download(session, attach(session).id).content
    content.close()
    assert list(content) == []


def test_a_file_of_a_record_that_the_reader_may_not_see_is_not_found(session: Session) -> None:
    file = attach(session, owner=3)
    for file_id in (file.id, file.id + 1000):
        with pytest.raises(NotFound):
            download(session, file_id)


def test_another_companys_file_is_not_found(
    session: Session, as_stamp: AsStamp, other_company: int
) -> None:
    file_id = attach(session).id
    with as_stamp(company_stamp(other_company)), pytest.raises(NotFound):
        download(session, file_id)


def test_a_row_cannot_name_another_companys_bytes(session: Session) -> None:
    file = attach(session)
    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "update stored_file set storage_key = '2' || substr(storage_key, 2) where id = :id"
            ),
            {"id": file.id},
        )


def test_lost_bytes_are_a_sentence(session: Session, store: FileStore) -> None:
    file = attach(session)
    store.delete(file.storage_key)
    with pytest.raises(NotFound, match="content of this file is missing"):
        download(session, file.id)


def test_a_kind_of_owner_that_nobody_answers_for_is_a_bug(session: Session) -> None:
    with pytest.raises(ValueError, match="file_owners"):
        add_file(session, io.BytesIO(PNG), "a.png", owner_kind="nobody", owner_id=1)


def _remove_and_give_up(engine: Engine, company: int, file_id: int) -> None:
    with work(company_stamp(company), on=engine) as session:
        remove_file(session, session.get_one(StoredFile, file_id))
        raise NotFound


def test_bytes_go_when_the_deletion_is_committed_and_not_before(
    own_database: str, company: int, store: FileStore
) -> None:
    engine = make_engine(own_database)
    with work(company_stamp(company), on=engine) as session:
        file = attach(session)
    with pytest.raises(NotFound):
        _remove_and_give_up(engine, company, file.id)
    assert keys(store) == {file.storage_key}
    with work(company_stamp(company), on=engine) as session:
        remove_file(session, session.get_one(StoredFile, file.id))
        assert keys(store) == {file.storage_key}
    engine.dispose()
    assert keys(store) == set()


class GoneStoreError(Exception):
    """The store does not answer."""


def test_a_store_that_does_not_answer_undoes_no_deletion(
    own_database: str, company: int, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_key: str) -> None:
        raise GoneStoreError

    engine = make_engine(own_database)
    with work(company_stamp(company), on=engine) as session:
        file = attach(session)
    monkeypatch.setattr(store, "delete", refuse)
    with work(company_stamp(company), on=engine) as session:
        remove_file(session, session.get_one(StoredFile, file.id))
    monkeypatch.undo()
    # The row is gone for good; the bytes go with the next sweep.
    with work(company_stamp(company), on=engine) as session:
        assert session.get(StoredFile, file.id) is None
    engine.dispose()
    assert keys(store) == {file.storage_key}


def test_sweeping_is_done_every_night_for_each_company() -> None:
    one = SCHEDULES["kit.files"]
    assert declared(one.job).call is sweep_orphans
    assert (one.each_company, one.at) == (True, time(3, 10))


def test_what_an_interrupted_writing_left_is_swept_up_after_a_day(
    session: Session, store: FileStore, config: Config
) -> None:
    if config.s3_bucket:
        client = store._client  # type: ignore[attr-defined]
        client.create_multipart_upload(Bucket=config.s3_bucket, Key=KEY)

        def left() -> int:
            return len(client.list_multipart_uploads(Bucket=config.s3_bucket).get("Uploads", ()))
    else:
        folder = config.instance / "files" / "1" / "2026-11"
        folder.mkdir(parents=True)
        (folder / ".draft-abc").write_bytes(b"half")

        def left() -> int:
            return len(list(folder.iterdir()))

    assert left() == 1
    sweep_orphans(session)
    # To moto, every upload was begun in 2010.
    assert left() == (0 if config.s3_bucket else 1)
    with clock.frozen(clock.now() + timedelta(days=2)):
        sweep_orphans(session)
    assert left() == 0


def test_an_archive_with_a_huge_list_of_contents_is_not_opened() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in (
            "[Content_Types].xml",
            "xl/workbook.xml",
            *("x" * 60 + str(n) for n in range(9999)),
        ):
            archive.writestr(name, "")
    assert sniff(target) == "application/zip"


def test_bytes_without_a_row_are_swept_up_after_a_day(session: Session, store: FileStore) -> None:
    kept = attach(session)
    lost = session.begin_nested()
    attach(session)
    lost.rollback()
    assert (sweep_orphans(session), len(keys(store))) == (0, 2)
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert sweep_orphans(session) == 1
    assert keys(store) == {kept.storage_key}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
        ("name;Größe\n".encode(), "text/plain"),
        ("name;Größe\n".encode("cp1252"), "text/plain"),
        (b"  <!DOCTYPE html><p>", "text/html"),
        (b"\xef\xbb\xbf<svg onload=x>", "text/html"),
        (b"harmless <script>", "text/html"),
        (b"MZ\x90\x00\x03", BINARY),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), XLSX),
        (zipped("[Content_Types].xml", "word/document.xml"), DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "application/zip"),
        (zipped("anything.exe"), "application/zip"),
        (b"PK\x03\x04 not a zip", BINARY),
    ],
)
def test_the_first_bytes_tell_the_type(content: bytes, kind: str) -> None:
    file = io.BytesIO(content)
    assert sniff(file) == kind
    assert (file.closed, file.tell()) == (False, 0)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_for_reading_and_leads_nowhere(name: str, clean: str) -> None:
    assert clean_name(name) == clean
