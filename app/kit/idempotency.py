"""The same request twice does its work once.

The caller names the request by a key of its own; the answer is kept under it in the same
transaction as the work, so that both exist or neither. The same key again gives the kept answer;
with another body it is refused. Of two at once the second waits for the first's transaction to end.
A refusal is an answer too: whoever keeps one undoes the work to a savepoint before, so that both
happen under the lock of the key (app/kit/rest/idempotency_key.py).

    with idempotent(session, key, body, key_id=api_key.id) as request:
        if request.answer is None:
            request.keep(201, {"id": place(…).id})
        return request.answer
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.kit import clock
from app.kit.database.install.rules import own_rows
from app.kit.database.model import USER_DEFAULT, Model, OfCompany
from app.kit.database.stamp import Role, current_user_id
from app.kit.errors import Conflict, Invalid

KEPT_FOR = timedelta(days=30)
LONGEST_KEY = 255


class Idempotency(OfCompany, Model):
    """One request by its key, with the answer it got."""

    __tablename__ = "idempotency"
    __table_args__ = (
        UniqueConstraint("company_id", "key_id", "key"),
        CheckConstraint("status between 100 and 599", name="status"),
        CheckConstraint(f"length(key) between 1 and {LONGEST_KEY}", name="key"),
        CheckConstraint("length(body_hash) = 32", name="body_hash"),
        Index(None, "company_id", "expires_at"),
        # An answer may hold a record of another store by now.
        {"info": {"audit": False, "policy": {Role.STORE: own_rows("user_id")}}},
    )

    user_id: Mapped[int | None] = mapped_column(
        BigInteger, default=current_user_id, server_default=USER_DEFAULT
    )
    key_id: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    answer: Mapped[Any] = mapped_column(JSONB)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class KeyReused(Conflict):
    """The key names another request already."""

    status = 422
    kind = "idempotency-key-reused"
    default_message = _l("This Idempotency-Key was used for another request.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    body: Any


class Request:
    """One request by its key; `answer` is None until it has one."""

    def __init__(self, session: Session, **facts: Any) -> None:
        self._session, self._facts = session, facts
        self.answer: Answer | None = None
        self.repeated = False

    @classmethod
    def answered(cls, session: Session, known: Idempotency) -> "Request":
        """Return one that has its answer from before."""
        made = cls(session)
        made.answer, made.repeated = Answer(known.status, known.answer), True
        return made

    def keep(self, status: int, body: Any) -> None:
        """Keep the answer, in the caller's transaction. Raises RuntimeError for a second answer."""
        if self.answer is not None:
            raise RuntimeError("This request has its answer already.")
        self._session.flush()
        # As the repeat will get it: what jsonb makes of the answer, not what was passed in.
        row = insert(Idempotency).values(status=status, answer=body, **self._facts)
        kept = self._session.execute(row.returning(Idempotency.answer)).scalar_one()
        self.answer = Answer(status, kept)


@contextmanager
def idempotent(
    session: Session, key: str, body: bytes, *, key_id: str = "", operation: str = ""
) -> Iterator[Request]:
    """Enter a request. Raises KeyReused, or Invalid for a key that is empty or too long.

    `key_id` is whose keys these are (the API key or user), `operation` what is asked (method and
    path) and what the caller sees of the answer: the same body to another place, or by somebody
    who has lost a store meanwhile, is another request. Nothing is kept when the block raises.
    """
    if not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        raise Invalid(
            _l("An Idempotency-Key has 1 to %(longest)s characters.", longest=LONGEST_KEY)
        )
    _wait_for_the_other(session, key_id, key)
    digest = hashlib.sha256(operation.encode() + b"\0" + body).digest()
    known = session.scalars(
        select(Idempotency)
        .where(Idempotency.key_id == key_id, Idempotency.key == key)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if known is not None and known.expires_at <= clock.now():
        session.delete(known)
        session.flush()
        known = None
    if known is not None and known.body_hash != digest:
        raise KeyReused
    if known is not None:
        yield Request.answered(session, known)
        return
    until = clock.now() + KEPT_FOR
    yield Request(session, key_id=key_id, key=key, body_hash=digest, expires_at=until)


def _wait_for_the_other(session: Session, key_id: str, key: str) -> None:
    """Hold the key until the transaction ends.

    Two keys on one lock only wait for each other needlessly.
    """
    name = func.concat_ws("/", text("crm_company()"), key_id, key)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 7))))
