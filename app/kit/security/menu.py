"""The shell around every page: the side menu with what the reader may open, their profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from flask import current_app, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.kit.access import Reader, Right, reader_or_none
from app.kit.registry import Registry
from app.kit.screens.areas import AREAS, Area
from app.kit.screens.pages import Language, Link, MenuArea, MenuItem, Shell
from app.kit.screens.screen_registry import screens


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu that is no generated screen. `order` is among those of its area."""

    name: str
    area: Area
    label: Any
    icon: str
    right: Right
    url: Callable[[], str]
    order: int = 100


ENTRIES: Registry[Entry] = Registry("page in the menu")


def shell() -> Shell | None:
    """Return what surrounds the page, None for nobody. Asks the database nothing."""
    who = reader_or_none()
    if who is None:
        return None
    return Shell(
        company=who.company_name or "Tresen",
        areas=areas_of(who),
        user_name=who.name,
        user_text=", ".join(who.role_names),
        profile=_profile(who),
        sign_out_url=url_for("SignInView.logout"),
        languages=_languages(),
        search_url=_search_url(),
    )


def areas_of(who: Reader) -> list[MenuArea]:
    """Return the menu of a reader: areas with at least one page they may open."""
    found: dict[str, list[tuple[int, MenuItem]]] = defaultdict(list)
    for entry in ENTRIES:
        if who.may(*entry.right):
            url = entry.url()
            found[entry.area.name].append((entry.order, _item(entry.label, url, entry.icon, url)))
    for screen in screens().values():
        if screen.menu and who.may("read", screen.view):
            item = _item(screen.label, screen.list_url(), screen.icon, screen.route_base)
            found[screen.area.name].append((screen.menu_rank, item))
    return [
        MenuArea(area.label, [item for _rank, item in sorted(found[area.name], key=itemgetter(0))])
        for area in sorted(AREAS, key=lambda one: one.rank)
        if area.name in found
    ]


def _item(label: Any, url: str, icon: str, base: str) -> MenuItem:
    current = request.path.startswith(base.rstrip("/") + "/") or request.path == base
    return MenuItem(label, url, icon, current=current)


def _profile(who: Reader) -> list[Link]:
    links = [Link(_("What I can do"), url_for("HomeView.start"))]
    if who.session_id is not None:
        links += [
            Link(_("My profile"), url_for("AccountView.profile")),
            Link(_("Change the password"), url_for("AccountView.password")),
            Link(_("Where I am signed in"), url_for("AccountView.sessions")),
            Link(_("Change the company"), url_for("AccountView.companies")),
        ]
    return links


def _languages() -> list[Language]:
    present = str(get_locale() or "en")
    return [
        Language(code, one["name"], f"?lang={code}", current=code == present)
        for code, one in current_app.config["LANGUAGES"].items()
    ]


def _search_url() -> str:
    rule = "SearchView.search"
    return url_for(rule) if rule in current_app.view_functions else ""
