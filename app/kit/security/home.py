"""The first page: what a reader may do here, or the page that their work begins with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, url_for
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext as _

from app.kit.access import Reader, Right, reader
from app.kit.registry import Registry
from app.kit.screens.areas import AREAS
from app.kit.screens.pages import Card, Fact, KvCard, Note, ShowPage
from app.kit.screens.screen_registry import screens


@dataclass(frozen=True, slots=True)
class Landing:
    """A page that opens for whoever has the right, the first of those in order."""

    name: str
    right: Right
    url: Callable[[], str]
    order: int = 100


LANDINGS: Registry[Landing] = Registry("landing page")


class HomeView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """`/`: the reader's landing page, and `/start/`: the parts they may use."""

    route_base = ""
    default_view = "index"
    base_permissions: list[str] = []

    @expose("/")
    def index(self) -> Any:
        """Lead to sign-in, to the choice of a company, to the landing page, or show the parts."""
        who = reader()
        if who.company_id is None and not who.is_superuser:
            return redirect(url_for("AccountView.companies"))
        for landing in LANDINGS:
            if landing.right in who.rights:
                return redirect(landing.url())
        return self.parts(who)

    @expose("/start/")
    def start(self) -> Any:
        """Show the parts, also to those who land elsewhere."""
        return self.parts(reader())

    def parts(self, who: Reader) -> Any:
        """Return what this reader can do today, by area, with the first step of each."""
        cards = _cards(who)
        notes = () if cards else (Note(_("Nothing is open to you yet. Ask your administrator.")),)
        page = ShowPage(
            title=_("Hello, %(name)s", name=who.name),
            facts=", ".join(who.role_names),
            first_tab=_("What you can do today"),
            notes=notes,
            cards=cards,
        )
        return render_template("tresen/show.html", page=page)


def _cards(who: Reader) -> list[Card]:
    by_area: dict[str, list[Any]] = defaultdict(list)
    for screen in screens().values():
        if screen.menu and who.may("read", screen.view):
            by_area[screen.area.name].append(screen)
    return [
        KvCard(area.label, [_fact(screen, who) for screen in by_area[area.name]])
        for area in AREAS
        if area.name in by_area
    ]


def _fact(screen: Any, who: Reader) -> Fact:
    url = url_for(f"{screen.endpoint}.list")
    may_write = who.may("write", screen.view) and screen.adds
    help_text = screen.help or (_("See and change") if may_write else _("See"))
    return Fact(screen.label, help_text, url=url)
