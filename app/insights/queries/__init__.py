"""Questions to the facts."""

from app.insights.queries.report import sales_report

__all__ = ["sales_report"]
