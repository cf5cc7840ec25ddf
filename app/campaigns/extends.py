"""What campaigns give to the rest: their pages, a tab on the client's card, an invariant."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.campaigns import queries, screens
from app.campaigns.operations.demo import load_campaigns
from app.campaigns.screens.single import TAB, WRITE
from app.kit.registry import (
    DemoData,
    Invariant,
    TimelineKind,
    demo_data,
    invariants,
    timeline_kinds,
)
from app.kit.screens import add_page_action, add_tab


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all(screens.ALL)
    add_tab("Client", TAB)
    add_page_action("Client", "write", WRITE)
    timeline_kinds.register(TimelineKind("message.written", _l("Message written"), "mail"))
    invariants.register(
        Invariant(
            "campaigns.status",
            _l("The status of a campaign is that of its sending."),
            queries.statuses_that_disagree,
        )
    )
    # After the facts of the orders.
    demo_data.register(DemoData("campaigns", load_campaigns, order=950))
