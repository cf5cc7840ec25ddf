"""The application of these tests: real commits in a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import NullPool

import config as settings
from app import parts
from app.kit import account_mail
from app.kit.access import Reader
from app.kit.database.session import bind, db, make_engine, work
from app.kit.database.stamp import Role, Stamp
from app.kit.rest import OpenApiView
from app.kit.runtime_config import wire
from app.kit.security.permissions import all_rights, create_permissions
from app.kit.servers import TestServer
from tests.company.factories import make_membership, make_role
from tests.databases import Database
from tests.registries import as_before
from tests.screens import bench
from tests.screens.declared import BENCH_SCREENS


@pytest.fixture(scope="session")
def _whole_app(
    server: TestServer,
    make_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Flask:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    name = make_database("walk")
    environ = {
        "DATABASE_URL": server.url(name),
        "REDIS_URL": server.redis_url,
        # The walks ask more in a minute than anybody may.
        "API_RATE_LIMIT": "0",
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    made.config["OWNER_URL"] = server.url(name, "crm_migrate")
    bench.let_tests_choose_the_reader(made)
    return made


@pytest.fixture(scope="module")
def whole_app(_whole_app: Flask) -> Flask:
    """The whole application, on a database that all modules of walks share and none empties."""
    wire(_whole_app.config["CRM"])
    with _whole_app.app_context():
        bind(db.engine)
    return _whole_app


@pytest.fixture(scope="session")
def member(_whole_app: Flask) -> Reader:
    """Somebody with a place in the company and every right: jobs and keys ask for the place."""
    owner = make_engine(_whole_app.config["OWNER_URL"], poolclass=NullPool)
    with _whole_app.app_context():
        bind(db.engine)
        with work(Stamp(Role.OWNER), on=owner) as session:
            create_permissions(session, _whole_app.extensions["appbuilder"])
        rights = all_rights()
        with bench.at_work() as session:
            found = make_membership(session, make_role(session, rights))
            session.flush()
            of = {"user_id": found.user_id, "membership_id": found.id}
    return bench.reader_with(set(rights), **of)


@pytest.fixture
def mail_can_be_sent() -> Iterator[None]:
    """By jobs, of which none runs here."""
    with as_before(account_mail._senders, empty=True):
        account_mail.use_sender(account_mail.Sender(lambda: True, lambda *_words: None))
        yield


@pytest.fixture(scope="module")
def app(
    server: TestServer, module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Flask:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    environ = {
        "DATABASE_URL": server.url(module_database.name),
        "REDIS_URL": server.redis_url,
        # The walks ask more in a minute than anybody may.
        "API_RATE_LIMIT": "0",
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    with pytest.MonkeyPatch.context() as patch:
        # The kit alone: whether the domains' screens keep its promises is asked by test_walk.py.
        patch.setattr(parts, "load_room", lambda _room: [])
        made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    with made.app_context():
        made.extensions["appbuilder"].add_all(
            [*BENCH_SCREENS, *([] if "OpenApiView" in made.blueprints else [OpenApiView])]
        )
    bench.let_tests_choose_the_reader(made)
    made.config["OWNER_URL"] = server.url(module_database.name, "crm_migrate")
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def everything() -> Iterator[Reader]:
    """Requests are made by somebody with every right of the bench screens."""
    who = bench.reader_with(set(bench.EVERYTHING))
    with bench.signed_in(who):
        yield who


@pytest.fixture(autouse=True)
def empty_tables(app: Flask, module_database: Database) -> Iterator[None]:
    """Each test begins without rows but those of the template."""
    yield
    with app.app_context():
        db.session.remove()
    module_database.empty()
