"""The sales dashboard: tiles and charts against the period before, each leading to its rows."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _l

from app.insights.screens import buyers, cards, data
from app.insights.screens.reading import read
from app.kit.access import reader, require
from app.kit.database.session import db
from app.kit.rights import word
from app.kit.screens.areas import OVERVIEW
from app.kit.screens.authorization import needs
from app.kit.screens.dashboards import DashboardView
from app.kit.screens.pages import DashboardPage
from app.kit.security.home import LANDINGS, Landing
from app.kit.security.menu import ENTRIES, Entry

VIEW = "SalesDashboard"
RIGHT = ("read", VIEW)

word(
    *RIGHT,
    area=OVERVIEW.name,
    label=_l("See the sales dashboard"),
    description=_l("Orders, clients and returns, by day, store and country."),
)


def address() -> str:
    """Where the page is."""
    return url_for("SalesDashboard.show")


ENTRIES.register(
    Entry("dashboard", OVERVIEW, _l("Dashboard"), "layout-dashboard", RIGHT, address, 0)
)
LANDINGS.register(Landing("dashboard", RIGHT, address, order=50))


class SalesDashboard(DashboardView):
    """What was sold, in a period, by day, store, country and product."""

    route_base = "/dashboard"
    view = VIEW
    template = "insights/dashboard.html"

    def page(self) -> DashboardPage:
        return cards.page(db.session(), read(db.session(), reader(), address()))

    def figures(self) -> dict[str, Any]:
        return data.of(read(db.session(), reader(), address()))

    @expose("/clients/")
    @needs("read")
    def clients(self) -> Any:
        """Exactly the clients that a figure counted."""
        who = require("read", "Client")
        page = buyers.page(db.session(), who, url_for(".clients"), address())
        return render_template("tresen/list.html", page=page)
