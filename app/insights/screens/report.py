"""The sales report: gross, returns, adjustments and net by month, country or store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.insights.queries.periods import following
from app.insights.queries.report import SUMS, in_currency, report_csv, sales_report
from app.insights.screens import wording
from app.insights.screens.dashboard import RIGHT, address
from app.kit.access import reader, require
from app.kit.database.session import db
from app.kit.rights import word
from app.kit.screens.areas import REPORTS
from app.kit.screens.authorization import needs
from app.kit.screens.dashboards import DashboardView
from app.kit.screens.pages import (
    Action,
    Cell,
    Column,
    ControlMenu,
    DashboardPage,
    Link,
    Row,
    TableCard,
    Text,
)
from app.kit.security.menu import ENTRIES, Entry

VIEW = "SalesReport"
KINDS: Mapping[str, Text] = {
    "month": _l("By month"),
    "country": _l("By country"),
    "store": _l("By store"),
}

word("read", VIEW, area=REPORTS.name, label=_l("See the sales report"))
word("export", VIEW, area=REPORTS.name, label=_l("Export the sales report to a file"))
ENTRIES.register(
    Entry(
        "sales-report",
        REPORTS,
        _l("Sales report"),
        "report-analytics",
        ("read", VIEW),
        lambda: url_for("SalesReport.show"),
    )
)


class SalesReport(DashboardView):
    """The figures of the books. All of it is money: without that right there is nothing."""

    route_base = "/reports/sales"
    view = VIEW
    base_permissions = ["can_read", "can_export"]

    def page(self) -> DashboardPage:
        by, rows = _asked()
        actions = []
        if reader().may("export", VIEW):
            actions = [Action(_("Download as CSV"), url_for(".file", by=by), "download")]
        menu = ControlMenu(
            _("Grouped"),
            [Link(label, url_for(".show", by=name)) for name, label in KINDS.items()],
            KINDS[by],
        )
        return DashboardPage(
            title=_("Sales report"),
            facts=_("Everything since the first day, on the stores' own business days."),
            controls=[menu],
            actions=actions,
            figures=[_table(by, rows)],
        )

    def figures(self) -> dict[str, Any]:
        by, rows = _asked()
        currency = reader().currency
        return {"by": by, "currency": currency, "rows": in_currency(rows, currency)}

    @expose("/file")
    @needs("export")
    def file(self) -> Response:
        """Return the rows as CSV, figures as the command line prints them."""
        by, rows = _asked()
        text = report_csv(in_currency(rows, reader().currency), by)
        name = f"attachment; filename=sales-by-{by}.csv"
        return Response(text, mimetype="text/csv", headers={"Content-Disposition": name})


def _asked() -> tuple[str, list[dict[str, Any]]]:
    require("read", "money")
    by = request.args.get("by", "month")
    by = by if by in KINDS else "month"
    return by, sales_report(db.session(), by)


def _table(by: str, rows: list[dict[str, Any]]) -> TableCard:
    currency = reader().currency
    columns = [
        Column(by, {"month": _("Month"), "country": _("Country"), "store": _("Store")}[by], "lead"),
        Column("orders", _("Orders"), "num"),
        Column("gross", _("Gross"), "money", currency=currency),
        Column("returns", _("Returns"), "money", currency=currency),
        Column("adjustments", _("Adjustments"), "money", currency=currency),
        Column("net", _("Net"), "money", currency=currency),
    ]
    totals = {name: Cell(sum((row[name] for row in rows), Decimal(0))) for name in SUMS}
    totals["orders"] = Cell(sum(row["orders"] for row in rows))
    return TableCard(
        KINDS[by],
        columns,
        [_row(by, row) for row in rows],
        totals=totals if rows else {},
        totals_label=_("Total"),
        empty=_("Nothing has been sold yet."),
    )


def _row(by: str, row: dict[str, Any]) -> Row:
    name = _name(by, row[by])
    cells = [Cell(name), Cell(row["orders"]), *(Cell(row[one]) for one in SUMS)]
    return Row(str(row[by]), cells, label=name, url=_dashboard(row[by]) if by == "month" else "")


def _name(by: str, value: str) -> str:
    if by == "month":
        return wording.month_name(date.fromisoformat(f"{value}-01"))
    return wording.country_name(value) if by == "country" else value


def _dashboard(month: str) -> str:
    """Return the days of a month (2026-11) on the dashboard."""
    if not reader().may(*RIGHT):
        return ""
    first = date.fromisoformat(f"{month}-01")
    last = following(first, "month") - timedelta(days=1)
    return f"{address()}?{urlencode({'from': first, 'to': last})}"
