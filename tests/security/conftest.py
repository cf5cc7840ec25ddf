"""The whole application on a database of this folder's own, where commits are real."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.orm import Session

from app import create_app
from app.company import operations
from app.kit import account_mail, clock
from app.kit.database import session as sessions
from app.kit.database.session import db, make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.security.permissions import create_permissions
from app.kit.security.readers import KEPT
from app.kit.servers import TestServer
from config import Config
from tests.company.factories import PASSWORD, make_membership, make_reader
from tests.registries import as_before
from tests.security.working import work_through


@dataclasses.dataclass
class Mail:
    """One mail that would have been sent."""

    to: str
    subject: str
    text: str

    @property
    def link(self) -> str:
        """The path of the address in it."""
        found = re.search(r"https?://[^/\s]+(/\S+)", self.text)
        assert found
        return found[1]


@pytest.fixture(scope="session")
def site(server: TestServer, make_database: Callable[[str], str], tmp_path_factory) -> Flask:
    """Return the application with every part and its permissions; companies 1 and 2 are there."""
    name = make_database("security")
    config = dataclasses.replace(
        Config.from_env({"INSTANCE_DIR": str(tmp_path_factory.mktemp("instance"))}),
        database_url=server.url(name).replace("postgresql://", "postgresql+psycopg2://"),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url="redis://127.0.0.1:1/0",
        # Another application of this process may have found a Valkey, in which calls are counted.
        api_rate_limit=0,
    )
    made = create_app(config)
    owner = make_engine(server.url(name, "crm_migrate"), poolclass=NullPool)
    with made.app_context(), work(Stamp(Role.OWNER), on=owner) as session:
        create_permissions(session, made.extensions["appbuilder"])
    with made.app_context(), work(company_stamp(1), on=db.engine) as session:
        # Somebody is left who may do all, whomever a test lets out.
        make_membership(session, "owner")
    made.testing = False
    made.config["WTF_CSRF_ENABLED"] = False
    return made


@pytest.fixture(autouse=True)
def _here(site: Flask) -> Iterator[None]:
    """Other folders bind the process to a database of theirs."""
    before = sessions._engine
    with site.app_context():
        sessions.bind(db.engine)
    KEPT.clear()
    yield
    sessions._engine = before


@pytest.fixture(autouse=True)
def _nobody_tried_before(owner_sql: Callable[..., list]) -> None:
    """All tests come from one network, and some of them exhaust its tries."""
    owner_sql("delete from sign_in_throttle")


@pytest.fixture(scope="session")
def _superuser(site: Flask, server: TestServer) -> Iterator[Callable[..., int]]:
    """Run a statement past all triggers, and give its number if it has one."""
    name = make_url(site.config["CRM"].database_url).database
    connection = psycopg2.connect(server.superuser_url, dbname=name)
    connection.autocommit = True

    def run(statement: str, *values: object) -> int:
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            cursor.execute(statement, values)
            return int(cursor.fetchone()[0]) if cursor.description else 0

    yield run
    connection.close()


@pytest.fixture
def people_go(_superuser: Callable[..., int]) -> Iterator[None]:
    """Let the people of a test go with it, where there are many: each change of a role asks all.

    (Whether somebody is left who may do all.)
    """
    last = _superuser("select coalesce(max(id), 0) from membership")
    yield
    _superuser("update membership set active = false where id > %s and active", last)
    _superuser(
        "update perm_version set administered = exists (select from crm_administrators(company_id))"
        " where administered"
    )


@pytest.fixture
def mails(_no_work_waits: None) -> Iterator[list[Mail]]:
    """Return the mails that the installation's own mail server was given."""
    kept: list[Mail] = []

    def deliver(to: str, subject: str, text: str) -> None:
        kept.append(Mail(to, subject, text))

    with as_before(account_mail._senders, empty=True):
        account_mail.use_sender(account_mail.Sender(lambda: True, deliver))
        yield kept


@pytest.fixture
def _no_work_waits(owner_sql: Callable[..., list]) -> None:
    """What other tests have left undone is not done in this one."""
    owner_sql("delete from job where state = 'queued'")


@pytest.fixture
def work_done(site: Flask, _no_work_waits: None) -> Callable[[], None]:
    """Return a function that does what requests of this test have left to the workers."""
    return lambda: work_through(site)


@pytest.fixture
def inside(site: Flask) -> Callable[..., object]:
    """Return a function that opens a committed transaction of a company."""

    def open_work(company: int = 1):
        return work(company_stamp(company))

    return open_work


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    """A browser without a cookie."""
    return site.test_client()


@pytest.fixture
def sign_in(site: Flask) -> Callable[..., FlaskClient]:
    """Return a function that gives a browser signed in as that address."""

    def enter(email: str, password: str = PASSWORD, **form: str) -> FlaskClient:
        browser = site.test_client()
        answer = browser.post("/login/", data={"login": email, "password": password, **form})
        assert answer.status_code == 302, answer.text
        return browser

    return enter


@pytest.fixture
def boss(
    inside: Callable[..., AbstractContextManager[Session]], sign_in: Callable[..., FlaskClient]
) -> FlaskClient:
    """An owner's browser."""
    with inside() as session:
        email = make_membership(session, "owner", password=PASSWORD).person.email
    return sign_in(email)


@pytest.fixture(scope="session")
def owner_sql(site: Flask) -> Iterator[Callable[..., list]]:
    """Run a statement as the owner of the tables, committed, and give its rows."""
    # A connection that is kept: each new one costs more than what it is asked here.
    engine = make_engine(site.config["CRM"].database_owner_url, pool_size=1, pool_pre_ping=True)

    def run(statement: str, **values: object) -> list:
        with work(Stamp(Role.OWNER), on=engine) as session:
            found: Any = session.execute(text(statement), values)
            return list(found) if found.returns_rows else []

    yield run
    engine.dispose()


@pytest.fixture(scope="module")
def bearer(site: Flask) -> dict[str, str]:
    """The header of a key that may do everything."""
    return new_bearer(site)


def new_bearer(site: Flask) -> dict[str, str]:
    """Make another such key."""
    with site.app_context():
        sessions.bind(db.engine)
        with work(company_stamp(1)) as session:
            by = make_reader(session, make_membership(session, "owner"))
            _key, text = operations.make_key(
                session,
                name="all",
                scopes=sorted(by.rights),
                by=by,
                at=clock.now(),
                expires_at=clock.now() + timedelta(days=1),
            )
    return {"Authorization": f"Bearer {text}"}
