"""What messages give to the rest: public addresses, the work of two queues, checks."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.kit import account_mail
from app.kit.registry import Invariant, invariants
from app.messages import api, queries, screens
from app.messages.operations.mailing import SENDER


def extend(builder: Any) -> None:
    """Register everything; called once per application."""
    builder.add_all([*screens.ALL, *api.RESOURCES])
    invariants.register(
        Invariant(
            "messages.audience",
            _l("A sending has as many recipients as its audience."),
            queries.audiences_that_disagree,
        ),
        Invariant(
            "messages.over",
            _l("Nobody waits in a sending that is over."),
            queries.completed_with_somebody_waiting,
        ),
    )
    account_mail.use_sender(SENDER)
    api.init_app(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
