"""The kit: what knows no domain."""
