"""A real application on a database of its own, with a few screens made for these tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, NullPool, event, text
from sqlalchemy.orm import Session

from app.kit.access import Reader
from app.kit.database.session import db, make_engine, work
from app.kit.database.stamp import Role, company_stamp

_reader: ContextVar[Reader | None] = ContextVar("test reader", default=None)


def reader_with(rights: set[tuple[str, str]], **changes: Any) -> Reader:
    """Somebody of our company with exactly these rights."""
    base = Reader(
        user_id=7,
        name="Test Person",
        email="test@example.com",
        company_id=1,
        company_name="Ours",
        rights=frozenset(rights),
    )
    return replace(base, **changes)


def let_tests_choose_the_reader(app: Flask) -> None:
    """After the security manager has looked at the cookie, put the test's reader in place."""
    from app.kit.security.manager import become

    def choose() -> None:
        who = _reader.get()
        if who is not None:
            become(who)

    app.before_request_funcs.setdefault(None, []).append(choose)


@contextmanager
def signed_in(who: Reader | None) -> Iterator[None]:
    """Requests inside the block are made by `who`."""
    token = _reader.set(who)
    try:
        yield
    finally:
        _reader.reset(token)


@contextmanager
def at_work(company: int = 1, user_id: int = 7) -> Iterator[Session]:
    """A session that commits, as somebody of a company."""
    with work(company_stamp(company, user_id=user_id)) as session:
        yield session


def until_all_is_over(patience: float = 90) -> None:
    """Wait for whatever runs now, in the databases of other tests too, which share the server.

    Until then a round of what has changed tells nothing later.
    """
    with at_work() as session:
        mine = session.scalar(text("select pg_current_xact_id()::text::bigint"))
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with at_work() as session:
            oldest = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if session.scalar(oldest) > mine:
                return
        time.sleep(0.02)
    raise TimeoutError("Something runs for longer than anybody waits for a round.")


@contextmanager
def owner(app: Flask) -> Iterator[Connection]:
    """A connection that may do anything with the tables."""
    engine = make_engine(app.config["OWNER_URL"], poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"set local role {Role.OWNER}"))
        yield connection


class Counted:
    """The statements sent to the database inside a block."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counted(app: Flask) -> Iterator[Counted]:
    """Note every statement, but for the stamps of transactions."""
    found = Counted()

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        if "set_config('role'" not in statement:
            found.statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def page(client: FlaskClient, url: str) -> str:
    """The text of a page that must be there."""
    answer = client.get(url)
    assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
    return answer.text


VIEWS = (
    "BenchBrand",
    "BenchProduct",
    "BenchVariant",
    "BenchClient",
    "BenchStore",
    "BenchOrder",
    "BenchCategory",
    "BenchDraft",
)
GUARDS = ("costs", "prices", "contacts", "salaries", "money")
EVERYTHING = frozenset(
    {
        (right, view)
        for right in ("read", "write", "delete", "export", "rename", "copy")
        for view in VIEWS
    }
    | {("read", guard) for guard in GUARDS}
)
