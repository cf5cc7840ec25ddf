"""Sessions: stamped at the start of every transaction, committed at the boundary only.

`db` is the session of a request. `work` opens one of its own for a job, a command or a stream.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2
from flask_appbuilder.utils.legacy import get_sqla_class
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from app.kit.column_validation import refuse_unfit
from app.kit.database.model import Model
from app.kit.database.stamp import STAMP_SQL, Stamp, current_stamp, stamped

log = logging.getLogger(__name__)

db = get_sqla_class()(metadata=Model.metadata, session_options={"expire_on_commit": False})

_engine: Engine | None = None
_EFFECTS = "effects"
_MARKS = "effect_marks"


def psycopg2_url(url: str) -> str:
    """Accept the bare form: in SQLAlchemy 2.1 `postgresql://` would mean psycopg 3."""
    for bare in ("postgresql://", "postgres://"):
        if url.startswith(bare):
            return "postgresql+psycopg2://" + url.removeprefix(bare)
    return url


def make_engine(url: str, **options: Any) -> Engine:
    """Return an engine on `url`; the options are those of `create_engine`."""
    # The words of an error end in logs: no values there.
    return create_engine(psycopg2_url(url), **{"hide_parameters": True, **options})


def is_gone(error: Exception) -> bool:
    """Say whether the database went away or could not be reached: asked again later it works."""
    if not isinstance(error, DBAPIError):
        return False
    unreached = isinstance(error, OperationalError) and not getattr(error.orig, "pgcode", None)
    return bool(error.connection_invalidated) or unreached


def bind(engine: Engine) -> None:
    """Make `engine` the one that `work` uses in this process."""
    global _engine  # noqa: PLW0603 -- one engine a process; set once when the process starts
    _engine = engine


def engine() -> Engine:
    """Return the process's engine. Raises RuntimeError before `bind`."""
    if _engine is None:
        message = "No database yet: call create_app() or bind() first."
        raise RuntimeError(message)
    return _engine


@contextmanager
def work(stamp: Stamp, *, on: Engine | Connection | None = None) -> Iterator[Session]:
    """Open a session of its own under `stamp`; commit at the end, roll back on any exception."""
    with (
        stamped(stamp),
        Session(on or engine(), expire_on_commit=False, info={"stamp": stamp}) as session,
    ):
        yield session
        session.commit()


def restamp(session: Session, stamp: Stamp) -> None:
    """Put `stamp` on this session, also on the transaction that is already open.

    Raises RuntimeError inside a savepoint: rolled back, it would take the stamp back in the
    database only, and the session would work on under another one than it says. Use `under`.
    """
    if session.in_nested_transaction():
        message = "A savepoint cannot change the stamp of its transaction for good."
        raise RuntimeError(message)
    _put(session, stamp)


@contextmanager
def under(session: Session, stamp: Stamp) -> Iterator[Session]:
    """Put `stamp` on the open transaction for the block; the former one comes back after it.

    What waits to be written is written before, as it was meant; but in a block of `no_autoflush`,
    where it is not ready yet: then the block here only reads.
    """
    if session.autoflush:
        session.flush()
    own = session.info.get("stamp")
    former = own or current_stamp()
    _put(session, stamp)
    try:
        yield session
    finally:
        if former is not None:
            # A transaction that an error has ended takes no statement; what is begun next is
            # stamped anew.
            with suppress(SQLAlchemyError):
                _put(session, former)
        if own is None:
            session.info.pop("stamp", None)


@contextmanager
def unbound(session: Session) -> Iterator[Session]:
    """Work for all stores of the company in the block: what is counted there counts for all.

    Costs nothing where nobody is bound to stores.
    """
    stamp = session.info.get("stamp") or current_stamp()
    if stamp is None or not stamp.bound:
        yield session
        return
    with under(session, stamp.unbound()):
        yield session


def after_commit(session: Session, call: Callable[..., object], *args: object) -> None:
    """Run `call(*args)` once the outer transaction is safe; a rollback drops it.

    The call must not touch the session: its transaction is over. What it raises is only logged.
    """
    session.info.setdefault(_EFFECTS, []).append((call, args))


def _put(session: Session, stamp: Stamp) -> None:
    session.info["stamp"] = stamp
    if session.in_transaction():
        _apply(session.connection(), stamp)


def _apply(connection: Connection, stamp: Stamp) -> None:
    connection.exec_driver_sql(STAMP_SQL, stamp.settings())


@event.listens_for(Session, "after_begin")
def _stamp_transaction(
    session: Session, transaction: SessionTransaction, connection: Connection
) -> None:
    if transaction.nested or session.info.get("unstamped"):
        return
    stamp = session.info.get("stamp") or current_stamp()
    # Without a stamp nothing is set: the login itself has no rights, so the database refuses.
    if stamp is not None:
        _apply(connection, stamp)


@event.listens_for(Session, "before_flush")
def _refuse_unfit(session: Session, _context: object, _instances: object) -> None:
    refuse_unfit(session)


@event.listens_for(Session, "after_transaction_create")
def _mark_effects(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        # Weak: a savepoint is over before `after_soft_rollback` asks for its mark.
        marks = session.info.setdefault(_MARKS, WeakKeyDictionary())
        marks[transaction] = len(session.info.get(_EFFECTS, ()))


@event.listens_for(Session, "after_soft_rollback")
def _drop_effects(session: Session, previous: SessionTransaction) -> None:
    effects = session.info.get(_EFFECTS)
    if effects:
        kept = session.info.get(_MARKS, {}).get(previous, 0) if previous.nested else 0
        del effects[kept:]


@event.listens_for(Session, "after_commit")
def _run_effects(session: Session) -> None:
    # SQLAlchemy fires this on the release of a savepoint too; the outer commit is still to come.
    if session.in_nested_transaction():
        return
    effects = session.info.pop(_EFFECTS, [])
    for call, args in effects:
        try:
            call(*args)
        except Exception:
            # The data are safe by now: "nothing was saved" would be a lie, and the other effects
            # must still run.
            log.exception("%s failed after the commit.", getattr(call, "__qualname__", call))


# Seconds a connection may lie unused before it is asked whether its other end is still there: a
# database that was started anew has closed all of them.
_IDLE = 1.0


@event.listens_for(Pool, "checkin")
def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _wake(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    since = record.info.get("idle_since")
    if since is None or time.monotonic() - since < _IDLE:
        return
    try:
        connection.cursor().execute("select 1")
        connection.rollback()
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        # The pool makes a new one in its place.
        raise DisconnectionError from error
