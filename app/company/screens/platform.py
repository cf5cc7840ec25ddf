"""The superuser's list of companies: what they are called and where, nothing of what is in them."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.company.models import Company
from app.kit.access import require
from app.kit.codes import country_name
from app.kit.database.session import db
from app.kit.errors import Refused
from app.kit.fold import fold
from app.kit.rights import word
from app.kit.screens.areas import PLATFORM
from app.kit.screens.authorization import needs
from app.kit.screens.pages import Cell, Column, ListPage, Row
from app.kit.security.home import LANDINGS, Landing
from app.kit.security.menu import ENTRIES, Entry

VIEW = "Platform"
word("read", VIEW, area=PLATFORM.name, label=_l("See the list of companies"))
ENTRIES.register(
    Entry(
        "companies",
        PLATFORM,
        _l("Companies"),
        "building",
        ("read", VIEW),
        lambda: url_for("PlatformView.companies"),
    )
)
LANDINGS.register(
    Landing("platform", ("read", VIEW), lambda: url_for("PlatformView.companies"), order=1)
)


class PlatformView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Open to the installation's administrators only: their transactions run as crm_platform."""

    route_base = "/platform"
    default_view = "companies"
    class_permission_name = view = VIEW
    base_permissions = ["can_read"]

    @expose("/companies/")
    @needs("read")
    def companies(self) -> Any:
        """All companies by name."""
        if not require("read", VIEW).is_superuser:
            raise Refused
        wanted = request.args.get("q", "").strip()
        found = db.session().scalars(select(Company).order_by(Company.name).limit(5000)).all()
        rows = [_row(one) for one in found if fold(wanted) in fold(f"{one.name} {one.slug}")]
        page = ListPage(
            title=_("Companies"),
            search_value=wanted,
            search_hint=_("Name"),
            count_text=str(len(rows)),
            columns=(
                Column("name", _("Name"), "lead"),
                Column("slug", _("Short name")),
                Column("country", _("Country")),
                Column("currency", _("Currency"), wide=True),
                Column("created_at", _("Since"), "datetime", wide=True),
            ),
            rows=rows,
        )
        return render_template("tresen/list.html", page=page)


def _row(one: Company) -> Row:
    cells = (one.name, one.slug, country_name(one.country), one.currency, one.created_at)
    return Row(str(one.id), [Cell(cell) for cell in cells], label=one.name)
