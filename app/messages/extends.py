"""What messages give to the rest: public addresses, the work of two queues, checks."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from app.kit import account_mail
from app.kit.registry import Invariant, invariants
from app.messages import api, screens
from app.messages.choices import DispatchStatus, RecipientState
from app.messages.models import Dispatch, DispatchRecipient
from app.messages.operations.mailing import SENDER

_OPEN = (RecipientState.PENDING, RecipientState.DEFERRED)


def audiences_that_disagree() -> Select[Any]:
    """Select sendings whose recipients are not as many as their audience."""
    rows = (
        select(DispatchRecipient.dispatch_id, func.count().label("n"))
        .group_by(DispatchRecipient.dispatch_id)
        .subquery("rows")
    )
    return (
        select(Dispatch.id, Dispatch.audience, rows.c.n)
        .outerjoin(rows, rows.c.dispatch_id == Dispatch.id)
        .where(func.coalesce(rows.c.n, 0) != Dispatch.audience)
    )


def completed_with_somebody_waiting() -> Select[*tuple[Any, ...]]:
    """Select sendings that are over although somebody was never told an outcome."""
    waiting = select(DispatchRecipient.ord).where(
        DispatchRecipient.dispatch_id == Dispatch.id, DispatchRecipient.state.in_(_OPEN)
    )
    over = (DispatchStatus.COMPLETED, DispatchStatus.CANCELLED)
    return select(Dispatch.id, Dispatch.status).where(Dispatch.status.in_(over), waiting.exists())


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all([*screens.ALL, *api.RESOURCES])
    invariants.register(
        Invariant(
            "messages.audience",
            _l("A sending has as many recipients as its audience."),
            audiences_that_disagree,
        ),
        Invariant(
            "messages.over",
            _l("Nobody waits in a sending that is over."),
            completed_with_somebody_waiting,
        ),
    )
    account_mail.use_sender(SENDER)
    api.init_app(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
