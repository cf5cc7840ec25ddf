"""What every screen must do, whoever declared it (resources: resources.py).

`ScreenTests` runs for each screen class given to it (`test_walk.py` gives all there are); a domain
may run it alone:

    class TestClientScreen(ScreenTests):
        SCREENS = [ClientScreen]
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit.access import Reader
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.screens import Screen
from app.kit.screens.attrs import table_of, title_column
from app.kit.screens.elements import Panel, Related
from app.kit.screens.filters import operators_of
from app.kit.screens.listing import bulk_actions
from app.kit.screens.screen_registry import screens
from tests.screens import bench, declaring, filling
from tests.screens.bench import counted, page, reader_with, signed_in

UNREADABLE = '<p class="err" role="alert">'
ANY_VALUE = {"num": "1", "money": "1", "text": "a", "lookup": "1"}


def all_rights(app: Flask) -> set[tuple[str, str]]:
    from app.kit.security.permissions import all_rights as known

    with app.app_context():
        return set(known())


class ScreenTests:
    """The walk over one screen; parametrised over `SCREENS`."""

    SCREENS: list[type[Screen]] = []

    @pytest.fixture
    def rights(self, whole_app: Flask) -> set[tuple[str, str]]:
        return all_rights(whole_app)

    @pytest.fixture
    def screen(self, whole_app: Flask, screen_class: type[Screen]) -> Screen:
        with whole_app.app_context():
            return screens()[screen_class.__name__]

    @pytest.fixture
    def client(self, whole_app: Flask) -> FlaskClient:
        return whole_app.test_client()

    @pytest.fixture
    def who(self, rights: set[tuple[str, str]]) -> Iterator[Reader]:
        """Requests are made by somebody who may do everything."""
        reader = reader_with(rights)
        with signed_in(reader):
            yield reader

    @pytest.fixture
    def make(self, whole_app: Flask, screen_class: type[Screen]) -> Callable[..., int]:
        """Return a function that saves a record of the screen's model and gives its id."""

        def one(of: Callable[[Any], Any] | None = None) -> int:
            with work(company_stamp(1, user_id=7)) as session:
                made = of(session) if of is not None else filling.make(session, screen_class)
                session.flush()
                return int(made.id)

        return one

    # --- lists ------------------------------------------------------------------------------------

    def test_a_list_needs_as_many_queries_for_three_rows_as_for_one(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader, whole_app: Flask
    ) -> None:
        url = screen_url(screen, "list/") + "?psize=100"
        make()
        page(client, url)
        with counted(whole_app) as one:
            page(client, url)
        if table_of(screen.model).name not in filling.SINGLE:
            make()
            make()
        with counted(whole_app) as three:
            page(client, url)
        assert len(one) == len(three), three.statements
        assert len(three) <= 4 + len(screen.computed), three.statements

    def test_every_order_filter_and_column_can_be_used(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader, whole_app: Flask
    ) -> None:
        """An order and a filter at a time: every operator of a kind is tried once, in test_walk.py."""
        make()
        with whole_app.app_context():
            attrs = {name: screen.attr(name) for name in screen.filters}
            filters = [filter_query(a, n, operators_of(a)[0]) for n, a in attrs.items()]
        orders = [f"{'-' if n % 2 else ''}{name}" for n, name in enumerate(screen.sortable)]
        for order, asked in zip_longest(orders, filters, fillvalue=""):
            html = page(client, screen_url(screen, f"list/?part=1&o={order}&{asked}"))
            assert UNREADABLE not in html, (order, asked)
        html = page(client, screen_url(screen, f"list/?part=1&cols={','.join(screen.shown)}"))
        assert UNREADABLE not in html

    def test_search_finds_a_record_by_its_name(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        if not screen.searches:
            assert (
                'name="q"' not in client.get(screen_url(screen, "list/")).text.partition("<main")[2]
            )
            return
        pk = make()
        with work(company_stamp(1)) as session:
            obj = session.get_one(screen.model, pk)
            title = getattr(obj, title_column(screen.model).name)
        html = client.get(screen_url(screen, "list/"), query_string={"q": str(title or pk)}).text
        looked_through = {look.column for look in table_of(screen.model).info["search"]}
        name = title_column(screen.model).name
        # A record without a name of its own (a person's place in a company) is found as its search says.
        if title is not None and name != "id" and {name, f"{name}_fold"} & looked_through:
            assert f"/show/{pk}" in html

    def test_an_export_holds_the_rows_of_the_list(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        pk = make()
        answer = client.get(screen_url(screen, "export"))
        assert answer.status_code == 200 if screen.exports else answer.status_code in (403, 404)
        if screen.exports:
            ids = [line.split(",")[0] for line in answer.text.splitlines()[1:]]
            assert str(pk) in ids
            whole = client.get(screen_url(screen, "export") + "?cols=*").text.removeprefix("\ufeff")
            head = [one.casefold() for one in next(csv.reader(io.StringIO(whole)))]
            assert len(set(head)) == len(head), "two columns have one name"

    # --- records ----------------------------------------------------------------------------------

    def test_a_record_its_tabs_and_its_history_open(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        pk = make()
        for url in routes(screen, pk):
            if "/add" not in url and "/edit" not in url and "/export" not in url:
                page(client, url)

    def test_a_form_saved_as_it_is_changes_nothing_and_a_stale_one_is_a_conflict(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        if not screen.edits:
            assert client.get(screen_url(screen, f"edit/{make()}")).status_code in (403, 404)
            return
        pk = make(of=declaring.opened(type(screen)))
        before = row_of(screen, pk)
        url = screen_url(screen, f"edit/{pk}")
        data = filling.as_data(filling.form_values(page(client, url)))
        answer = client.post(url, data=data)
        assert answer.status_code == 302, errors_in(answer.text)
        assert row_of(screen, pk) == before
        if "version" in table_of(screen.model).c:
            assert client.post(url, data={**data, "version": "99"}).status_code == 409

    def test_archiving_hides_and_restoring_shows(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        pk = make()
        answer = client.post(
            screen_url(screen, f"archive/{pk}"), data={"version": version_of(screen, pk)}
        )
        if not screen.archives:
            assert answer.status_code in (403, 404)
            return
        assert answer.status_code == 302, answer.text[:1000]
        assert archived(screen, pk) is not None
        answer = client.post(
            screen_url(screen, f"restore/{pk}"), data={"version": version_of(screen, pk)}
        )
        assert answer.status_code == 302
        assert archived(screen, pk) is None

    def test_lookups_give_names(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        make()
        for name in lookups(screen):
            answer = client.get(screen_url(screen, f"lookup/{name}"), query_string={"q": "a"})
            assert answer.status_code == 200, name
            assert set(answer.json) == {"results", "pagination"}


# --- addresses ------------------------------------------------------------------------------------


def screen_url(screen: Screen, tail: str) -> str:
    return f"{screen.route_base}/{tail}"


def lookups(screen: Screen) -> list[str]:
    from app.kit.screens.lookup import relation_of

    names = [
        n for n in dict.fromkeys((*screen.section_names, *screen.filters)) if relation_of(screen, n)
    ]
    lines = [f"{one.name}:{c}" for one in screen.lines for c in one.columns]
    return [*names, *(n for n in lines if relation_of(screen, n))]


def routes(screen: Screen, pk: int) -> list[str]:
    """Every address of a screen that is opened by GET."""
    found = [
        screen_url(screen, "list/"),
        screen_url(screen, f"show/{pk}"),
        screen_url(screen, f"history/{pk}"),
    ]
    if screen.adds:
        found.append(screen_url(screen, "add"))
    if screen.edits:
        found.append(screen_url(screen, f"edit/{pk}"))
    if screen.exports:
        found.append(screen_url(screen, "export"))
    found += [screen_url(screen, f"lookup/{name}") for name in lookups(screen)]
    for name, tab in screen.all_tabs().items():
        if isinstance(tab, Panel):
            found.append(screen_url(screen, f"tab/{pk}/{name}"))
        elif isinstance(tab, Related):
            continue  # an address of the other screen, which is walked itself
    return found


def filter_query(attr: Any, name: str, operator: Any) -> str:
    """A query string with a value that the filter can read."""
    key = f"f.{name}.{operator.name}"
    if operator.takes == "none":
        return f"{key}=1"
    if attr.choices is not None:
        value = next(iter(attr.choices)).value
    elif attr.codes is not None:
        value = attr.codes.known()[0]
    elif attr.filter_kind == "date":
        value = "7" if operator.name == "last" else "2026-11-01"
    else:
        value = ANY_VALUE[attr.filter_kind]
    return "&".join([f"{key}={value}"] * (2 if operator.takes == "two" else 1))


def row_of(screen: Screen, pk: int) -> dict[str, Any]:
    silent = {"version", "changed_at", "changed_by"}
    with work(company_stamp(1)) as session:
        table = table_of(screen.model)
        row = session.execute(table.select().where(table.c.id == pk)).mappings().one()
        return {key: value for key, value in row.items() if key not in silent}


def version_of(screen: Screen, pk: int) -> Any:
    table = table_of(screen.model)
    if "version" not in table.c:
        return ""
    with work(company_stamp(1)) as session:
        return session.scalar(
            text(f'select version from "{table.name}" where id = :pk'), {"pk": pk}
        )


def archived(screen: Screen, pk: int) -> Any:
    with work(company_stamp(1)) as session:
        return session.scalar(
            text(f'select archived_at from "{table_of(screen.model).name}" where id = :pk'),
            {"pk": pk},
        )


def errors_in(html: str) -> list[str]:
    """Return what a form says is wrong."""
    found = re.findall(r'role="alert"[^>]*>(.*?)</div>|class="err[^>]*>(.*?)</p', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", "".join(one)).split()) for one in found]


__all__ = ["ScreenTests", "bench", "bulk_actions"]
