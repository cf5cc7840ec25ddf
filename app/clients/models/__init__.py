"""The tables of the clients."""

from app.clients.models.assignment import ClientEmployee, ClientStore
from app.clients.models.segments import Segment, SegmentMember
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
    "ClientEmployee",
    "ClientFigures",
    "ClientStore",
    "ConsentCurrent",
    "ConsentEvent",
    "ContactPoint",
    "Segment",
    "SegmentMember",
    "TimelineEntry",
]
