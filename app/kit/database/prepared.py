"""Whether a database was made ready by just this program, told without loading the program.

Making ready takes four seconds of a start even when there is nothing to do. So the hash of all that
decides what is made is noted in the database when it was done, beside the version of its tables.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import extensions

from app.kit.database.stamp import Role

if TYPE_CHECKING:
    from config import Config

_ROOT = Path(__file__).resolve().parents[3]
_SOURCES = ("app/**/*.py", "migrations/**/*.py", "translations/**/*.po")
_FILES = ("config.py", "requirements.txt")

# A condition: the database is new, or was restored without what the planner knew.
NEVER_ANALYSED = (
    "exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    " and reltuples < 0 and pg_relation_size(oid) > 0)"
)

_NOTE = (
    "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'auth'"
    f" and to_regclass('public.alembic_version') is not null and not {NEVER_ANALYSED}"
)
_VERSION = "select version_num from public.alembic_version"


def fingerprint(config: Config) -> str:
    """Return the hash of the program's sources and of what else decides what is made."""
    digest = hashlib.sha256()
    paths = [path for pattern in _SOURCES for path in sorted(_ROOT.glob(pattern))]
    for path in (*paths, *(_ROOT / name for name in _FILES)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(_ROOT)} {len(content)}\n".encode())
        digest.update(content)
    digest.update(f"{config.production} {config.demo_password}".encode())
    return digest.hexdigest()


def is_prepared(url: str, expected: str) -> bool:
    """Say whether that was noted last; `url` is libpq's, of a login that may be the owner."""
    if not _catalogues_are_compiled():
        return False
    try:
        with closing(psycopg2.connect(url)) as connection:
            return _noted(connection) == expected
    except psycopg2.Error:
        return False  # whatever is wrong, making it ready says so in words


def note_prepared(url: str, fingerprint: str) -> None:
    """Note that all was done."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"set local role {Role.OWNER}")
        cursor.execute(_VERSION)
        (version,) = cursor.fetchone() or ("",)
        cursor.execute("comment on schema auth is %s", (f"{fingerprint} {version}",))


def _noted(connection: extensions.connection) -> str | None:
    """Return what was noted, unless the tables came to another version or were restored since."""
    with connection.cursor() as cursor:
        cursor.execute(f"set role {Role.OWNER}")
        cursor.execute(_NOTE)
        note = str((cursor.fetchone() or ("",))[0] or "")
        if not note:
            return None
        cursor.execute(_VERSION)
        hashed, _, version = note.partition(" ")
        return hashed if (version,) == cursor.fetchone() else None


def _catalogues_are_compiled() -> bool:
    for source in _ROOT.glob("translations/**/*.po"):
        target = source.with_suffix(".mo")
        # A compiled file bears its source's time.
        if not target.exists() or target.stat().st_mtime_ns != source.stat().st_mtime_ns:
            return False
    return True
