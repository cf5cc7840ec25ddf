"""Taking a record for oneself until the transaction ends."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session


def lock(session: Session, record: Any) -> None:
    """Let nobody else change `record` until this transaction ends, and read it as it is now.

    What was read before the lock may be what another transaction has changed since: a decision on
    it would be made twice. Rows that refer to it may still be added by others (NO KEY UPDATE).
    """
    columns = [column.key for column in inspect(type(record)).column_attrs]
    session.refresh(record, columns, with_for_update={"key_share": True})
