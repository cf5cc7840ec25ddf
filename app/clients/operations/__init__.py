"""What is done with clients. Operations flush and never commit."""

from app.clients.operations.clients import register_client, save_client
from app.clients.operations.consents import record_consent, withdraw_consent
from app.clients.operations.contact_points import (
    add_contact_point,
    archive_contact_point,
    save_contact_point,
)
from app.clients.operations.figures import count_order, count_return
from app.clients.operations.service import note_served
from app.clients.operations.timeline import add_to_timeline

__all__ = [
    "add_contact_point",
    "add_to_timeline",
    "archive_contact_point",
    "count_order",
    "count_return",
    "note_served",
    "record_consent",
    "register_client",
    "save_client",
    "save_contact_point",
    "withdraw_consent",
]
