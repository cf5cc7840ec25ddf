"""A start that finds everything made does not make it again; anything else is noticed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, text

import config as settings
from app import deploy
from app.kit.database import session as sessions
from app.kit.database.prepared import fingerprint, is_prepared
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp
from app.kit.security.passwords import is_password
from app.kit.servers import TestServer
from config import Config, plain_url

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def config(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """A database that was prepared, demo and all."""
    name = f"prepared_{os.getpid()}"
    server.drop_database(name)
    server.create_database(name)
    made = replace(
        settings.load(),
        instance=tmp_path_factory.mktemp("instance"),
        database_url=server.url(name),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url=server.redis_url,
    )
    before = sessions._engine
    assert not is_prepared(plain_url(made.database_owner_url), fingerprint(made))
    deploy.prepare(made)
    yield made
    sessions._engine = before
    server.drop_database(name)


def ready(config: Config) -> bool:
    return is_prepared(plain_url(config.database_owner_url or ""), fingerprint(config))


def as_owner(config: Config, statement: str) -> list:
    engine = make_engine(config.database_owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=engine) as session:
        found: Any = session.execute(text(statement))
        return found.all() if found.returns_rows else []


def test_what_was_made_need_not_be_made_again(config: Config) -> None:
    assert ready(config)


def test_another_password_and_another_kind_of_installation_need_it(config: Config) -> None:
    assert not ready(replace(config, demo_password="another"))
    assert not ready(replace(config, production=True))


def test_another_program_needs_it(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.kit.database import prepared

    monkeypatch.setattr(prepared, "_SOURCES", (*prepared._SOURCES, "tests/servers/*.py"))
    assert not ready(config)


def test_catalogues_that_are_not_compiled_need_it(config: Config) -> None:
    (compiled, *_rest) = (Path(deploy.ROOT) / "translations").rglob("*.mo")
    found = compiled.stat()
    os.utime(compiled, ns=(found.st_atime_ns, found.st_mtime_ns - 1))
    try:
        assert not ready(config)
    finally:
        os.utime(compiled, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert ready(config)


def test_tables_of_another_version_need_it(config: Config) -> None:
    as_owner(config, "update alembic_version set version_num = 'older'")
    try:
        assert not ready(config)
    finally:
        as_owner(config, f"update alembic_version set version_num = '{deploy.head()}'")
    assert ready(config)


def test_a_restored_database_needs_it_and_its_rows_are_counted(config: Config) -> None:
    as_owner(config, "select pg_clear_relation_stats('public', 'product')")  # no dump holds them
    assert not ready(config)
    deploy.prepare(config)
    assert ready(config)


def test_a_database_that_does_not_answer_needs_it(config: Config) -> None:
    gone = replace(config, database_owner_url="postgresql+psycopg2://nobody@/nowhere?host=/nowhere")
    assert not ready(gone)


def test_the_password_that_is_printed_is_the_one_that_counts(config: Config) -> None:
    changed = replace(config, demo_password="open sesame 2027")
    deploy.prepare(changed)
    assert ready(changed)
    people = as_owner(changed, "select password from ab_user where email like '%@demo.example'")
    assert len(people) == len(settings.DEMO_PEOPLE)
    assert all(is_password(row.password, "open sesame 2027") for row in people)
