"""What keeps the facts right."""

from app.insights.operations.facts import (
    Cell,
    follow_variants,
    rebuild_pieces,
    refresh,
    refresh_clients,
)
from app.insights.operations.stale_days import SUBSCRIBER, catch_up, cells_of, tell_of_merge

__all__ = [
    "SUBSCRIBER",
    "Cell",
    "catch_up",
    "cells_of",
    "follow_variants",
    "rebuild_pieces",
    "refresh",
    "refresh_clients",
    "tell_of_merge",
]
