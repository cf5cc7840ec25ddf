"""Telling the planner what the import just wrote: without it, it plans for empty tables."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def analyze(session: Session) -> None:
    """Renew the statistics of the tables that the pieces join. Some tenths of a second."""
    session.execute(text("select crm_analyze_import()"))


def is_due(piece: int) -> bool:
    """Say whether to renew them after this piece: the first, second, fourth, eighth, sixteenth."""
    return piece & (piece - 1) == 0
