"""What clients decide about messages, registered by the domain that knows them.

`messages` stands above `clients`: it asks for conditions on a client's id, never for their tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, true
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.registry import Registry
from app.messages.choices import MessageChannel, MessagePurpose

ClientId = ColumnElement[Any]


@dataclass(frozen=True)
class EligibilityRule:
    """`allows(client_id, channel, purpose)`: the condition under which a client may be written to.

    It is asked when the audience is fixed and again when each batch is loaded: a consent withdrawn
    in between wins.
    """

    name: str
    allows: Callable[[ClientId, MessageChannel, MessagePurpose], ColumnElement[bool]]


@dataclass(frozen=True)
class Values:
    """`select(client_id)` is a jsonb expression of what templates may say about a client.

    `names` are the variables it gives, with their labels for the editor.
    """

    name: str
    select: Callable[[ClientId], ColumnElement[Any]]
    names: tuple[tuple[str, Any], ...] = ()


eligibility_rules: Registry[EligibilityRule] = Registry("message gate")
values: Registry[Values] = Registry("message values")


def allowed(
    client_id: ClientId, channel: MessageChannel, purpose: MessagePurpose
) -> ColumnElement[bool]:
    """Return the condition of all gates. What is about an order or visit needs no consent."""
    if purpose is MessagePurpose.TRANSACTIONAL:
        return true()
    return and_(true(), *(gate.allows(client_id, channel, purpose) for gate in eligibility_rules))


def client_values(client_id: ClientId) -> ColumnElement[Any]:
    """Return one jsonb expression with what all domains tell about a client."""
    found: ColumnElement[Any] = literal({}, JSONB)
    for source in values:
        told = func.coalesce(source.select(client_id), literal({}, JSONB), type_=JSONB)
        found = found.op("||", return_type=JSONB())(told)
    return found


def known_variables() -> dict[str, Any]:
    """Return the variables that any template may use, with their labels."""
    return {name: label for source in values for name, label in source.names}
