"""Segments: nested conditions over clients, compiled to one SELECT of client ids.

    {"all": [{"field": "last_order", "op": "not_in_last_days", "value": 90},
             {"any": [{"field": "country", "op": "one_of", "value": ["GB", "DE"]},
                      {"not": {"field": "orders_count", "op": "less_than", "value": 3}}]}]}

What can be asked comes from `registry.segment_conditions`: this domain registers the client's own
fields, domains further down what they know (orders: what was bought).
"""

from app.clients.segments.compiling import (
    compile_segment,
    count_and_sample,
    segment_clients,
)

__all__ = ["compile_segment", "count_and_sample", "segment_clients"]
