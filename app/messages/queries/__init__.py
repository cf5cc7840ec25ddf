"""Questions about messages, by name."""

from app.messages.queries.audience import count_audience, fix_audience, hash_of, suppressed
from app.messages.queries.gates import (
    Gate,
    Values,
    allowed,
    client_values,
    gates,
    known_variables,
    values,
)
from app.messages.queries.progress import by_skip_reason, by_state, progress
from app.messages.queries.routes import Route, route

__all__ = [
    "Gate",
    "Route",
    "Values",
    "allowed",
    "by_skip_reason",
    "by_state",
    "client_values",
    "count_audience",
    "fix_audience",
    "gates",
    "hash_of",
    "known_variables",
    "progress",
    "route",
    "suppressed",
    "values",
]
