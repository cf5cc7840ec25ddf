"""The tables of the clients."""

from app.clients.models.tables import (
    Client,
    ClientFigures,
    ConsentCurrent,
    ConsentEvent,
    ContactPoint,
    TimelineEntry,
)

__all__ = [
    "Client",
    "ClientFigures",
    "ConsentCurrent",
    "ConsentEvent",
    "ContactPoint",
    "TimelineEntry",
]
