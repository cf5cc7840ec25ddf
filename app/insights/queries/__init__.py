"""Questions to the facts."""

from app.insights.queries.report import in_currency, report_csv, sales_report

__all__ = ["in_currency", "report_csv", "sales_report"]
