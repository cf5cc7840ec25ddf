"""The whole application on a database of its own, read by somebody with the rights of a role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from flask import Flask

import config as settings
from app.company.operations.role_templates import template
from app.kit.access import Reader
from app.kit.database import session as sessions
from app.kit.database.session import db
from app.kit.security.permissions import all_rights
from tests.screens.bench import at_work, let_tests_choose_the_reader, reader_with, signed_in

__all__ = ["at_work", "reading_as", "site"]


@pytest.fixture(scope="module")
def site(server, module_database, tmp_path_factory) -> Iterator[Flask]:
    from app import create_app

    environ = {
        "DATABASE_URL": server.url(module_database.name),
        "REDIS_URL": server.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
    }
    before = sessions._engine
    made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    let_tests_choose_the_reader(made)
    with made.app_context():
        sessions.bind(db.engine)
    yield made
    sessions._engine = before


@contextmanager
def reading_as(
    role: str, app: Flask, *, without: Sequence[tuple[str, str]] = (), **changes: object
) -> Iterator[Reader]:
    """Requests inside the block are made by somebody with this role's rights."""
    found = template(role)
    assert found is not None
    with app.app_context():
        rights = set(found.rights(all_rights())) - set(without)
    who = reader_with(rights, **changes)
    with signed_in(who):
        yield who
