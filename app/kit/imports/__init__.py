"""Imports: a run with its report, whatever is imported."""
