"""Files: a row of the company, bytes on local disk or in S3, served under the owner's rights."""

from app.kit.files.models import StoredFile
from app.kit.files.operations import (
    Download,
    add_file,
    download,
    files_of,
    open_file,
    remove_file,
    sweep_orphans,
)
from app.kit.files.stores import FileStore, LocalStore, S3Store, store, use_store
from app.kit.files.types import DOCUMENTS, IMAGES, sniff

__all__ = [
    "DOCUMENTS",
    "IMAGES",
    "Download",
    "FileStore",
    "LocalStore",
    "S3Store",
    "StoredFile",
    "add_file",
    "download",
    "files_of",
    "open_file",
    "remove_file",
    "sniff",
    "store",
    "sweep_orphans",
    "use_store",
]
