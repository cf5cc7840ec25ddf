"""How far a sending is."""

from typing import Any

from sqlalchemy import Select, func, select

from app.messages.choices import DispatchStatus, RecipientState
from app.messages.models import Dispatch, DispatchBatch, DispatchRecipient


def progress(dispatch_id: int) -> Select[*tuple[Any, ...]]:
    """Return the sums over the batches of a sending, by outcome. Cheap at any size."""
    return (
        select(
            Dispatch.audience,
            *(
                func.coalesce(func.sum(column), 0).label(column.key)
                for column in (
                    DispatchBatch.accepted,
                    DispatchBatch.failed,
                    DispatchBatch.deferred,
                    DispatchBatch.skipped,
                    DispatchBatch.uncertain,
                )
            ),
        )
        .outerjoin(DispatchBatch, DispatchBatch.dispatch_id == Dispatch.id)
        .where(Dispatch.id == dispatch_id)
        .group_by(Dispatch.id, Dispatch.audience)
    )


def by_state(dispatch_id: int) -> Select[*tuple[Any, ...]]:
    """Count the recipients by state, from the rows themselves."""
    return (
        select(DispatchRecipient.state, func.count())
        .where(DispatchRecipient.dispatch_id == dispatch_id)
        .group_by(DispatchRecipient.state)
    )


def by_skip_reason(dispatch_id: int) -> Select[*tuple[Any, ...]]:
    """Count those left out, by reason."""
    return (
        select(DispatchRecipient.skip_reason, func.count())
        .where(
            DispatchRecipient.dispatch_id == dispatch_id,
            DispatchRecipient.skip_reason.is_not(None),
        )
        .group_by(DispatchRecipient.skip_reason)
    )


def completed_with_somebody_waiting() -> Select[*tuple[Any, ...]]:
    """Select sendings that are over although somebody was never told an outcome."""
    waiting = select(DispatchRecipient.ord).where(
        DispatchRecipient.dispatch_id == Dispatch.id,
        DispatchRecipient.state.in_((RecipientState.PENDING, RecipientState.DEFERRED)),
    )
    over = (DispatchStatus.COMPLETED, DispatchStatus.CANCELLED)
    return select(Dispatch.id, Dispatch.status).where(Dispatch.status.in_(over), waiting.exists())
