"""Lists and a record's page, ours against the same in a plain Django admin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from app.kit.screens.paging import Cursor, write_cursor
from benchmarks.browsing import Browser, signed_in
from benchmarks.django_admin import django
from benchmarks.harness import Benchmark, Sides
from benchmarks.stage import LOADED, Stage

TURNS = 15
PAGE = 50
DEEP = 150_000
DIGITS = "245555"
DATABASE = "bench_pages"
OF = "django-admin"
_DJANGO_ROWS = re.compile(r'<th class="field-\w+"><a href="/admin/bench/\w+/(\d+)/change/')


@dataclass
class Browsers:
    """Both sides, signed in; made once for all pages."""

    ours: Browser
    django: Browser


def browsers(stage: Stage) -> Browsers:
    """Both web servers, for as long as the stage stands."""
    made = stage.shared.get("browsers")
    if made is None:
        # Copies: a database in use could not be copied for those that come later.
        other = stage.keep(django(stage))
        address = stage.keep(stage.web(stage.keep(stage.copy(DATABASE))))
        who = {"login": "owner@demo.example", "password": stage.config.demo_password}
        made = stage.shared["browsers"] = Browsers(signed_in(address, "/login/", who), other)
    return made  # type: ignore[no-any-return]  # whatever was put there


def rows(pattern: re.Pattern[str], page: str) -> list[int]:
    """Return the ids of a list's rows, each once, in order."""
    return list(dict.fromkeys(int(found) for found in pattern.findall(page)))


def _lists(stage: Stage, ours: str, theirs: str, count: int | None = PAGE) -> Sides:
    both = browsers(stage)
    own = re.compile(rf'href="{ours.partition("/list/")[0]}/show/(\d+)"')
    shown = rows(own, both.ours.get(ours))
    reference = rows(_DJANGO_ROWS, both.django.get(theirs))
    if shown != reference or not shown or (count and len(shown) != count):
        message = f"The pages differ: {shown} and {reference}"
        raise RuntimeError(message)
    return _sides(both, ours, theirs)


def _sides(both: Browsers, ours: str, theirs: str) -> Sides:
    return Sides(lambda: both.ours.time(ours, TURNS), lambda: both.django.time(theirs, TURNS))


def list_clients(stage: Stage) -> Sides:
    """Return the first page of clients."""
    return _lists(stage, "/clients/list/", "/admin/bench/client/")


def list_orders_deep(stage: Stage) -> Sides:
    """Return the fifty orders after the 150,000th by sum, where our own next-page address leads."""
    total, pk = stage.ask(
        LOADED,
        f"select total, id from orders order by total desc, id desc offset {DEEP - 1} limit 1",
    )[0]
    # As the link at the end of the page before writes it; walking there takes 3,000 pages.
    place = Cursor(forward=True, value=Decimal(total) / 10_000, id=pk, number=DEEP + 1)
    ours = "/orders/list/?" + urlencode({"o": "-total", "at": write_cursor(place)})
    return _lists(stage, ours, f"/admin/bench/order/?p={DEEP // PAGE + 1}")


def search_phone(stage: Stage) -> Sides:
    """Clients by six digits from within a phone number."""
    return _lists(stage, f"/clients/list/?q={DIGITS}", f"/admin/bench/client/?q={DIGITS}")


def client_page(stage: Stage) -> Sides:
    """One client with figures and contact points."""
    pk, number, name, values = stage.ask(
        LOADED,
        "select c.id, c.number, c.name, array_agg(p.value) from client c"
        " join contact_point p on p.client_id = c.id where c.number = 'K000777' group by 1, 2, 3",
    )[0]
    both = browsers(stage)
    ours, theirs = f"/clients/show/{pk}", f"/admin/bench/client/{pk}/change/"
    for browser, path in ((both.ours, ours), (both.django, theirs)):
        page = browser.get(path)
        missing = [word for word in (number, name, *values) if word not in page]
        if missing:
            message = f"{path} does not show {missing}."
            raise RuntimeError(message)
    return _sides(both, ours, theirs)


ALL = [
    Benchmark("list-clients", "ms", OF, 0.7, at_most=True, prepare=list_clients),
    Benchmark("list-orders-deep", "ms", OF, 0.5, at_most=True, prepare=list_orders_deep),
    Benchmark("search-phone", "ms", OF, 0.7, at_most=True, prepare=search_phone),
    Benchmark("client-page", "ms", OF, 1.5, at_most=True, prepare=client_page),
]
