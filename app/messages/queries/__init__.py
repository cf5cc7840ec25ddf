"""Questions about messages, by name."""

from app.messages.queries.audience import count_audience, fix_audience, hash_of, suppressed
from app.messages.queries.eligibility import (
    EligibilityRule,
    Values,
    allowed,
    client_values,
    eligibility_rules,
    known_variables,
    values,
)
from app.messages.queries.progress import by_skip_reason, by_state, progress
from app.messages.queries.routes import Route, route

__all__ = [
    "EligibilityRule",
    "Route",
    "Values",
    "allowed",
    "by_skip_reason",
    "by_state",
    "client_values",
    "count_audience",
    "eligibility_rules",
    "fix_audience",
    "hash_of",
    "known_variables",
    "progress",
    "route",
    "suppressed",
    "values",
]
