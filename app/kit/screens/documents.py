"""What screens of documents share: buttons that are there in some states only."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.screens.elements import ActionParameter, Operation, RecordAction
from app.kit.screens.pages import Text


def in_state(*states: StrEnum) -> Callable[[Any], bool]:
    """Return the condition that a record's status is one of these."""
    return lambda record: record.status in states


def calls_off(
    operation: Callable[..., object],
    *states: StrEnum,
    confirm: Text,
    parameters: Sequence[ActionParameter] = (),
) -> RecordAction:
    """Return the button that cancels a document; `confirm` names the consequence."""
    return RecordAction(
        operation,
        _l("Cancel"),
        "x",
        danger=True,
        confirm=confirm,
        when=in_state(*states),
        parameters=parameters,
    )


def receives(operation: Operation, draft: StrEnum, *, confirm: Text, done: Text) -> RecordAction:
    """Return the filled button that makes goods of a draft stock: once, and for good."""
    return RecordAction(
        operation,
        _l("Receive"),
        "check",
        confirm=confirm,
        done=done,
        when=in_state(draft),
        primary=True,
    )
