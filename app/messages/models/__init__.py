"""The tables of messages."""

from app.messages.models.dispatching import (
    Dispatch,
    DispatchBatch,
    DispatchRecipient,
    OutboxMessage,
    SendAttempt,
)
from app.messages.models.feedback import MessageEvent, Suppression, WebhookInbox
from app.messages.models.templates import (
    CONTENT_VARIABLES,
    MessageTemplate,
    MessageTemplateVersion,
)

__all__ = [
    "CONTENT_VARIABLES",
    "Dispatch",
    "DispatchBatch",
    "DispatchRecipient",
    "MessageEvent",
    "MessageTemplate",
    "MessageTemplateVersion",
    "OutboxMessage",
    "SendAttempt",
    "Suppression",
    "WebhookInbox",
]
