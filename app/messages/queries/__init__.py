"""Questions about messages, by name."""

from app.messages.queries.audience import (
    audiences_that_disagree,
    count_audience,
    fix_audience,
    hash_of,
    suppressed,
)
from app.messages.queries.eligibility import (
    EligibilityRule,
    Values,
    allowed,
    client_values,
    eligibility_rules,
    known_variables,
    values,
)
from app.messages.queries.progress import (
    by_skip_reason,
    by_state,
    completed_with_somebody_waiting,
    progress,
)
from app.messages.queries.routes import Route, route

__all__ = [
    "EligibilityRule",
    "Route",
    "Values",
    "allowed",
    "audiences_that_disagree",
    "by_skip_reason",
    "by_state",
    "client_values",
    "completed_with_somebody_waiting",
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
