"""What every screen must do, whoever declared it (resources: resources.py).

`ScreenTests` runs for each screen class given to it (`test_walk.py` gives all there are); a domain
may run it alone:

    class TestClientScreen(ScreenTests):
        SCREENS = [ClientScreen]
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit.access import Reader
from app.kit.database.install.rules import store_key
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.screens import Screen
from app.kit.screens.attrs import table_of, title_column
from app.kit.screens.declare import Panel, Related
from app.kit.screens.filters import operators_of
from app.kit.screens.known import screens
from app.kit.screens.listing import bulk_actions
from tests.screens import bench, filling
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

        def one(company: int = 1) -> int:
            with work(company_stamp(company, user_id=7)) as session:
                return int(filling.make(session, screen_class).id)

        return one

    # --- who may ----------------------------------------------------------------------------------

    def test_signed_out_every_page_leads_to_the_sign_in(
        self, screen: Screen, client: FlaskClient
    ) -> None:
        for url in routes(screen, 1):
            assert client.get(url).status_code == 302, url
            assert client.get(url, headers={"Accept": "application/json"}).status_code == 401, url

    def test_without_a_right_nothing_opens(
        self, screen: Screen, client: FlaskClient, make: Any
    ) -> None:
        pk = make()
        with signed_in(reader_with(set())):
            for url in routes(screen, pk):
                assert client.get(url).status_code == 403, url
            for url in changes(screen, pk):
                assert client.post(url, data={"version": 1}).status_code == 403, url

    def test_each_change_needs_its_own_right(
        self, screen: Screen, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        pk = make()
        with signed_in(reader_with({r for r in rights if r[0] == "read"})):
            for url in changes(screen, pk):
                assert client.post(url, data={"version": 1}).status_code in (403, 404), url
            for name in screen.bulk:
                answer = client.post(screen_url(screen, "bulk"), data={"action": name, "rowid": pk})
                assert answer.status_code == 403, name

    def test_records_of_another_company_are_not_there(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        theirs = make(company=2)
        assert_hidden(screen, client, theirs)

    def test_records_of_another_store_are_not_there(
        self, screen: Screen, client: FlaskClient, make: Any, rights: set[tuple[str, str]]
    ) -> None:
        pk = make()
        with signed_in(reader_with(rights, store_ids=(10**9,))):
            if store_key(table_of(screen.model)) is None:
                return  # its rows belong to no store; the company is asked above
            assert_hidden(screen, client, pk)
            assert f'/show/{pk}"' not in page(client, screen_url(screen, "list/?o=-id"))

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
        make()
        url = screen_url(screen, "list/")
        for name in screen.sortable:
            page(client, f"{url}?o={name}")
            page(client, f"{url}?o=-{name}")
        with whole_app.app_context():
            filters = {n: (screen.attr(n), operators_of(screen.attr(n))) for n in screen.filters}
        for name, (attr, operators) in filters.items():
            for operator in operators:
                html = page(client, f"{url}?{filter_query(attr, name, operator)}")
                assert UNREADABLE not in html, (name, operator.name)
        for name in screen.shown:
            page(client, f"{url}?cols={name}")

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

    def test_a_form_saved_as_it_is_changes_nothing(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        if not screen.edits:
            assert client.get(screen_url(screen, f"edit/{make()}")).status_code in (403, 404)
            return
        pk = make()
        before = row_of(screen, pk)
        url = screen_url(screen, f"edit/{pk}")
        data = filling.as_data(filling.form_values(page(client, url)))
        answer = client.post(url, data=data)
        # An order that is placed may refuse to be edited at all, but then in a sentence.
        assert answer.status_code in (302, 409), errors_in(answer.text)
        assert row_of(screen, pk) == before

    def test_a_stale_form_is_a_conflict(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        if not screen.edits or "version" not in table_of(screen.model).c:
            return
        url = screen_url(screen, f"edit/{make()}")
        data = filling.as_data(filling.form_values(page(client, url)))
        assert client.post(url, data={**data, "version": "99"}).status_code == 409

    def test_the_add_form_opens_and_refuses_to_be_sent_empty(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        url = screen_url(screen, "add")
        if not screen.adds:
            assert client.get(url).status_code in (403, 404)
            return
        page(client, url)
        answer = client.post(url, data={})
        assert answer.status_code in (302, 409, 422), answer.text[:500]

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

    def test_no_action_is_a_bug(
        self, screen: Screen, client: FlaskClient, make: Any, who: Reader
    ) -> None:
        for name in screen.all_actions():
            pk = make()
            answer = client.post(screen_url(screen, f"do/{name}/{pk}"), data={})
            assert answer.status_code in (302, 403, 404, 409, 422), (name, answer.status_code)


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


def changes(screen: Screen, pk: int) -> list[str]:
    """Every address of a screen that changes a record by POST."""
    found = [screen_url(screen, f"do/{name}/{pk}") for name in screen.all_actions()]
    if screen.edits:
        found.append(screen_url(screen, f"edit/{pk}"))
    if screen.archives:
        found += [screen_url(screen, f"archive/{pk}"), screen_url(screen, f"restore/{pk}")]
    return found


def assert_hidden(screen: Screen, client: FlaskClient, pk: int) -> None:
    """Nothing of the record can be read or changed by this reader, through any route."""
    mine = [
        url for url in routes(screen, pk) if str(pk) in url.rsplit("/", 2)[-1] or "/tab/" in url
    ]
    for url in mine:
        assert client.get(url).status_code == 404, url
    for url in changes(screen, pk):
        assert client.post(url, data={"version": 1}).status_code == 404, url


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
    import re

    return re.findall(r'class="err[^>]*>(.{0,300}?)</', html, re.DOTALL)


__all__ = ["ScreenTests", "bench", "bulk_actions"]
