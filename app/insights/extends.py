"""What figures give to the rest: pages, subscribers, invariants, merging clients, demo facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.insights import screens
from app.insights.operations import rebuild_pieces, tell_of_merge
from app.insights.queries import documents
from app.kit.registry import (
    DemoData,
    Invariant,
    MergeHandler,
    demo_data,
    invariants,
    merge_handlers,
)

INVARIANTS = (
    Invariant(
        "insights.days",
        _l("A day's figures are those of its orders, returns and adjustments."),
        documents.days_that_disagree,
        order=90,
    ),
    Invariant(
        "insights.products",
        _l("What was sold of a product is what the lines of orders say."),
        documents.products_that_disagree,
        order=90,
    ),
    Invariant(
        "insights.clients",
        _l("On which days a client bought, and first bought, is what the orders say."),
        documents.clients_that_disagree,
        order=90,
    ),
)


def load_facts(session: Session, size: str) -> Iterator[int]:  # noqa: ARG001 -- all sizes alike
    """Count the demo's orders, which are inserted without telling anybody."""
    yield from rebuild_pieces(session)


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    invariants.register(*INVARIANTS)
    # After those that move the orders.
    merge_handlers.register(MergeHandler("insights", "client", tell_of_merge, order=90))
    demo_data.register(DemoData("facts", load_facts, order=900))
