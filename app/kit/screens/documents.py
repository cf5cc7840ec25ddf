"""What screens of documents share: buttons that are there in some states only."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.screens.declare import Ask, Do, Operation
from app.kit.screens.pages import Text


def in_state(*states: StrEnum) -> Callable[[Any], bool]:
    """Return the condition that a record's status is one of these."""
    return lambda record: record.status in states


def calls_off(
    operation: Callable[..., object], *states: StrEnum, confirm: Text, asks: Sequence[Ask] = ()
) -> Do:
    """Return the button that cancels a document; `confirm` names the consequence."""
    return Do(
        operation,
        _l("Cancel"),
        "x",
        danger=True,
        confirm=confirm,
        when=in_state(*states),
        asks=asks,
    )


def receives(operation: Operation, draft: StrEnum, *, confirm: Text, done: Text) -> Do:
    """Return the filled button that makes goods of a draft stock: once, and for good."""
    return Do(
        operation,
        _l("Receive"),
        "check",
        confirm=confirm,
        done=done,
        when=in_state(draft),
        primary=True,
    )
