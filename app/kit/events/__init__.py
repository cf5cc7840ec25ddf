"""Events: what happened above is told to those below who asked, without knowing them.

    emit(session, "order.paid", order_id=order.id, total=order.total)

in the operation, and in the `events.py` of a domain further down the list:

    @on("order.paid", name="insights.facts")
    def count_order(session: Session, happened: Happened) -> None: ...

The event is a row of the caller's transaction, each delivery a transaction of its own.
"""

from app.kit.events.emitting import emit, emit_many
from app.kit.events.subscribing import Happened, on

__all__ = ["Happened", "emit", "emit_many", "on"]
