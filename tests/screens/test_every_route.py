"""Every registered route with the ids of another company and of another store, generated or not.

The routes come from the application's own map, and each id in an address is that of a real record:
its own company's reader opens it (else the walk would prove nothing). A route whose arguments the
walk cannot fill fails it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.clients.models import Client
from app.company.models import Franchise, Role, Store
from app.company.operations.role_templates import template
from app.kit.access import Reader
from app.kit.database.install.rules import store_key
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.screens import Screen
from app.kit.screens.attrs import table_of, title_column
from app.kit.screens.elements import Panel
from app.kit.screens.models import BulkRun, RunStatus, SavedView
from app.messages.choices import MessageChannel
from app.orders.operations import Item
from tests import factories
from tests.screens import filling
from tests.screens.base import all_rights, lookups
from tests.screens.bench import reader_with, signed_in
from tests.screens.test_walk import WITHOUT_A_RIGHT

MARK = "Zzforeign"
# What stands for a tab, action or select of a screen that has none.
NOTHING = "nothing"
ELSEWHERE = (10**9,)

# Routes with arguments that name no record of a company, each with the test that asks for it.
NO_RECORD = {
    "static": "files of the look",
    "appbuilder.static": "files of the look",
    "LocaleView.index": "a language",
    "SignInView.reset": "a random token: tests/security/test_invitations.py",
    "SignInView.invitation": "a random token: tests/security/test_invitations.py",
    "messages.ask": "a signed company and id: tests/messages/test_public.py",
    "messages.unsubscribe": "a signed company and id: tests/messages/test_public.py",
    "messages.twilio_report": "a signed company and id: tests/messages/test_public.py",
    "AccountView.end": "needs a session of one's own: tests/security/test_sessions.py",
}

# What who may only read sends: their own view of a list, and a question too long for an address.
SENT_BY_READERS = {"save_view", "delete_view", "count"}


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records."""


@dataclass
class Called:
    """One way to call a route: its address with real ids, and the record's table."""

    rule: Rule
    url: str
    bound: bool
    """Whether the record belongs to a store."""

    @property
    def verbs(self) -> list[str]:
        return sorted((self.rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})


class Filler:
    """Fills the arguments of routes with records of one company, each made once."""

    def __init__(self, app: Flask, company: int) -> None:
        self.app, self.company = app, company
        self.ids: dict[str, int] = {}
        # Only what the other company calls so may not be seen.
        self.mark = MARK if company == 2 else "Own"
        self.screens: dict[str, Screen] = {
            name: cast("Screen", one) for name, one in app.extensions["crm_screens"].items()
        }
        self.resources = {
            type(one).__name__: one for one in app.extensions["crm_resources"].values()
        }

    def calls(self) -> Iterator[Called]:
        """Every route that has arguments, with each name that an argument may have."""
        for rule in self.app.url_map.iter_rules():
            if rule.arguments and rule.endpoint not in NO_RECORD:
                yield from self._filled(rule)

    def _filled(self, rule: Rule) -> Iterator[Called]:
        owner, _dot, method = rule.endpoint.partition(".")
        unknown = rule.arguments - {"pk", "name", "channel", "session_id", "source", "key"}
        if unknown:
            raise filling.CannotFill(f"{rule} has {unknown}: say what it is, or why it is nothing.")
        values: dict[str, Any] = {}
        bound = False
        if "pk" in rule.arguments:
            values["pk"], bound = self._record(owner, method)
        if "key" in rule.arguments:
            pk, bound = self._record(owner, method)
            values |= {"source": "walk", "key": self._keyed(self.resources[owner], pk)}
        if "session_id" in rule.arguments:
            values["session_id"] = 1
        for name in self._names(owner, method) if "name" in rule.arguments else [""]:
            for channel in MessageChannel if "channel" in rule.arguments else [""]:
                more = {"name": name, "channel": str(channel)}
                chosen = values | {k: v for k, v in more.items() if k in rule.arguments}
                url = self.app.url_map.bind("localhost").build(rule.endpoint, chosen)
                yield Called(rule, url, bound)

    def _record(self, owner: str, method: str) -> tuple[int, bool]:
        """Return the id of a record for a route of a view, and whether it belongs to a store."""
        screen = self._screen(owner)
        if screen is not None and method == "show_bulk":
            name = screen.name
            return self._once(f"run {name}", lambda s: _bulk_run(s, name)), False
        if screen is not None:
            if method == "delete_view":
                return self._once(
                    f"view {owner}", lambda s: _saved_view(s, owner, self.mark)
                ), False
            return self._of_screen(screen)
        if owner == "RoleView":
            return self._once(
                owner, lambda s: _saved(s, Role(name=f"{self.mark} role {factories.number()}"))
            ), False
        if owner == "ClientMessageView":
            return self._once(owner, lambda s: int(factories.make_client(s).id)), _is_bound(Client)
        raise filling.CannotFill(f"The walk has no record for {owner}.{method}.")

    def _screen(self, owner: str) -> Screen | None:
        """Return the screen of a view or resource."""
        if owner in self.resources:
            return cast("Screen", self.resources[owner].of)
        return self.screens.get(owner)

    def _keyed(self, resource: Any, pk: int) -> str:
        """Give a record a key of another program's, and return it."""
        key, names = f"{self.mark}/{pk}", resource.pair
        table = table_of(resource.model)
        with work(company_stamp(self.company, user_id=7)) as session:
            given = dict(zip(names, ("walk", key), strict=True))
            session.execute(table.update().where(table.c.id == pk).values(given))
        return key

    def _of_screen(self, screen: Any) -> tuple[int, bool]:
        made = self._once(screen.name, lambda s: int(filling.make(s, type(screen)).id))
        return made, _is_bound(screen.model)

    def _once(self, key: str, make: Any) -> int:
        if key not in self.ids:
            with work(company_stamp(self.company, user_id=7)) as session:
                self.ids[key] = int(make(session))
        return self.ids[key]

    def _names(self, owner: str, method: str) -> list[str]:
        if owner in self.resources:
            screen = self.resources[owner].of
            if method == "do":
                return list(screen.all_operations()) or [NOTHING]
            if method == "start_bulk":
                return [*screen.bulk, *(["archive"] if screen.archives else [])] or [NOTHING]
        else:
            screen = self.screens[owner]
        if method == "do":
            return list(screen.all_actions()) or [NOTHING]
        if method == "tab":
            # A tab that shows another screen's list has the address of that list.
            panels = [name for name, tab in screen.all_tabs().items() if isinstance(tab, Panel)]
            return panels or [NOTHING]
        if method == "lookup":
            return [*lookups(screen), *OWN_LOOKUPS.get(owner, ())] or [NOTHING]
        raise filling.CannotFill(f"What is called “name” in {owner}.{method}?")


# Selects that a screen answers itself, with the model of what they list.
OWN_LOOKUPS: Mapping[str, tuple[str, ...]] = {"SegmentScreen": ("product",)}


def _is_bound(model: type[Any]) -> bool:
    return store_key(table_of(model)) is not None


def _saved(session: Session, record: Any) -> int:
    session.add(record)
    session.flush()
    return int(record.id)


def _bulk_run(session: Session, screen: str) -> int:
    return _saved(
        session,
        BulkRun(user_id=7, screen=screen, action="archive", status=RunStatus.DONE, reasons={}),
    )


def _saved_view(session: Session, screen: str, mark: str) -> int:
    name = f"{mark} {factories.number()}"
    return _saved(session, SavedView(user_id=7, screen=screen, name=name, query="", shared=True))


@pytest.fixture(scope="module")
def rights(whole_app: Flask) -> set[tuple[str, str]]:
    return all_rights(whole_app)


@pytest.fixture(scope="module")
def ours(whole_app: Flask) -> list[Called]:
    with whole_app.app_context():
        return list(Filler(whole_app, 1).calls())


@pytest.fixture(scope="module")
def their_filler(whole_app: Flask) -> Filler:
    return Filler(whole_app, 2)


@pytest.fixture(scope="module")
def theirs(whole_app: Flask, their_filler: Filler) -> list[Called]:
    with whole_app.app_context():
        return list(their_filler.calls())


def them(rights: set[tuple[str, str]]) -> Reader:
    """The owner of the records: the same person, at work in the other company."""
    return reader_with(rights, company_id=2, company_name="Theirs")


def status(client: FlaskClient, url: str, verb: str) -> int:
    """Asked as a script of ours: a refusal is no page then, which is most of what it costs."""
    sent: dict[str, Any] = {} if verb == "GET" else {"data": {"version": 1}}
    if url.startswith("/api/") and verb in ("POST", "PUT", "PATCH"):
        sent = {"json": {"version": 1}}
    asked = {"Accept": "application/json"}
    return client.open(url, method=verb, headers=asked, **sent).status_code


def names_a_record(one: Called) -> bool:
    """By a key of another program's a record is made where none is seen: tests/screens/resources.py."""
    by_key = "key" in one.rule.arguments and "GET" in one.verbs
    return "pk" in one.rule.arguments or by_key


def test_the_walk_fills_every_route_with_arguments(whole_app, theirs):
    walked = {str(one.rule) for one in theirs}
    missing = {
        str(rule)
        for rule in whole_app.url_map.iter_rules()
        if rule.arguments and rule.endpoint not in NO_RECORD
    } - walked
    assert missing == set()
    assert set(NO_RECORD) <= {rule.endpoint for rule in whole_app.url_map.iter_rules()}


def test_a_route_that_the_walk_cannot_fill_fails_it(whole_app):
    filler = Filler(whole_app, 2)
    with whole_app.app_context():
        for rule in (Rule("/x/<int:thing>", endpoint="x.y"), Rule("/x/<int:pk>", endpoint="x.y")):
            rule.bind(whole_app.url_map, rebind=True)
            with pytest.raises(filling.CannotFill):
                list(filler._filled(rule))


def test_no_route_knows_a_record_of_another_company(whole_app, rights, theirs):
    client = whole_app.test_client()
    with signed_in(reader_with(rights)):
        answers = {
            (one.url, verb): status(client, one.url, verb)
            for one in theirs
            if names_a_record(one)
            for verb in one.verbs
        }
    opened = {call: code for call, code in answers.items() if code not in (403, 404, 405)}
    assert opened == {}
    # A refusal for another reason must be the same for a record of one's own.
    others = [call for call, code in answers.items() if code != 404]
    with signed_in(them(rights)):
        own = {call: status(client, *call) for call in others}
    assert {call: answers[call] for call in others} == own


def test_their_own_reader_opens_what_the_walk_was_made_of(whole_app, rights, theirs):
    client = whole_app.test_client()
    with signed_in(them(rights)):
        shut = {
            one.url
            for one in theirs
            if names_a_record(one) and "GET" in one.verbs and status(client, one.url, "GET") == 404
        }
    screens = whole_app.extensions["crm_screens"]
    unedited = {f"{one.route_base}/edit/" for one in screens.values() if not one.edits}
    unedited.add(NOTHING)
    assert {url for url in shut if not any(part in url for part in unedited)} == set()


def test_no_route_knows_a_record_of_another_store(whole_app, rights, ours):
    client = whole_app.test_client()
    bound = [one for one in ours if one.bound and names_a_record(one)]
    assert len(bound) > 100
    with signed_in(reader_with(rights, store_ids=ELSEWHERE)):
        answers = {
            (one.url, verb): status(client, one.url, verb) for one in bound for verb in one.verbs
        }
        listed = {
            one.url
            for one in bound
            if "/show/" in one.url
            and f'{one.url}"' in client.get(one.url.partition("show/")[0] + "list/?o=-id").text
        }
    assert listed == set()
    assert {call: code for call, code in answers.items() if code not in (403, 404, 405)} == {}
    with signed_in(reader_with(rights)):
        refused = {call: status(client, *call) for call, code in answers.items() if code != 404}
    assert {call: answers[call] for call in refused} == refused


def test_nobody_and_who_has_no_right_opens_nothing(whole_app, ours):
    client = whole_app.test_client()
    calls = [*ours, *without_arguments(whole_app)]
    lists = [c.url for c in calls if str(c.rule).endswith("/list/")]
    with signed_in(None):
        nobody = {(c.url, v): status(client, c.url, v) for c in calls for v in c.verbs}
        pages = {client.get(url).status_code for url in lists}
    with signed_in(reader_with(set())):
        weak = {(c.url, v): status(client, c.url, v) for c in calls for v in c.verbs}
    assert {call: code for call, code in nobody.items() if code != 401} == {}
    assert {call: code for call, code in weak.items() if code != 403} == {}
    assert pages == {302}, "people are led to the sign-in"


def without_arguments(app: Flask) -> list[Called]:
    """Every route that opens without an id, but for those that need no right."""
    return [
        Called(rule, rule.rule, bound=False)
        for rule in app.url_map.iter_rules()
        if not rule.arguments and not rule.endpoint.startswith(tuple(WITHOUT_A_RIGHT))
    ]


@pytest.fixture(scope="module")
def marked(whole_app: Flask, their_filler: Filler, theirs: list[Called]) -> set[str]:
    """The screens whose record in the other company is called MARK; the reader of it sees that."""
    found = set()
    for name, screen in their_filler.screens.items():
        title = title_column(screen.model)
        if (
            not isinstance(title.type, Text)
            or title.computed is not None
            or title.info.get("choices")
        ):
            continue
        with work(company_stamp(2, user_id=7)) as session:
            try:
                with session.begin_nested():
                    obj: Any = session.get_one(screen.model, their_filler.ids[name])
                    setattr(obj, title.key, f"{MARK} {obj.id}")
                    session.flush()
            except (DBAPIError, AttributeError):
                continue  # a ledger, or a text with a form of its own
            found.add(name)
    return found


def test_no_page_shows_anything_of_another_company(whole_app, rights, their_filler, marked):
    client = whole_app.test_client()
    with work(company_stamp(2, user_id=7)) as session:
        shop = factories.make_store(session, name=f"{MARK} shop")
        chain = factories.make_franchise(session, name=f"{MARK} chain")
        shop.franchise_id = chain.id
        session.flush()
        store, franchise = shop.id, chain.id
    pages = [one.url for one in without_arguments(whole_app) if "GET" in one.verbs]
    pages += [
        f"{page}?{asked}"
        for page in ("/dashboard/", "/dashboard/data", "/dashboard/clients/", "/reports/sales/")
        for asked in (f"store={store}", f"store=f{franchise}", "by=store")
    ]
    for name in marked:
        base = their_filler.screens[name].route_base
        pages += [f"{base}/list/?psize=100&o=-id", f"{base}/export?o=-id"]
    with signed_in(them(rights)):
        seen = {url for url in pages if MARK in client.get(url).text}
    # Without this the walk could not fail: the other company's reader does see the names.
    shown = {f"{their_filler.screens[name].route_base}/list/" for name in marked}
    assert len(shown & seen) >= 15
    assert any(url.startswith("/dashboard/?") for url in seen)
    with signed_in(reader_with(rights)):
        leaked = {url for url in pages if MARK in client.get(url).text}
    assert leaked == set()


def test_no_search_filter_or_select_finds_a_record_of_another_company(
    whole_app, rights, their_filler, theirs, marked
):
    client, of_model = whole_app.test_client(), {}
    for name, screen in their_filler.screens.items():
        of_model[screen.model] = their_filler.ids[name]
    with work(company_stamp(2, user_id=7)) as session:
        of_model.setdefault(Store, factories.make_store(session).id)
        of_model.setdefault(Franchise, factories.make_franchise(session).id)
    found = 0
    for name, screen in their_filler.screens.items():
        for relation in [*lookups(screen), *OWN_LOOKUPS.get(name, ())]:
            url = f"{screen.route_base}/lookup/{relation}"
            target = of_model.get(_target(screen, relation))
            asked = {"id": target} if target else {"q": MARK}
            with signed_in(them(rights)):
                found += bool(client.get(url, query_string=asked).json["results"])
            with signed_in(reader_with(rights)):
                assert client.get(url, query_string=asked).json["results"] == [], url
                assert client.get(url, query_string={"q": MARK}).json["results"] == [], url
        with signed_in(reader_with(rights)):
            page = client.get(f"{screen.route_base}/list/", query_string={"q": MARK})
            assert f'/show/{their_filler.ids[name]}"' not in page.text
            for relation, attr in screen.relations.items():
                target = of_model.get(attr.target)
                if target:
                    narrowed = client.get(
                        f"{screen.route_base}/list/?of.{relation}={target}&part=1"
                    )
                    assert MARK not in narrowed.text, (name, relation)
    assert found > 40


def _target(screen: Screen, name: str) -> type[Any] | None:
    from app.kit.screens.lookup import relation_of

    attr = relation_of(screen, name)
    return None if attr is None else attr.target


def test_a_segment_counts_nobody_by_a_product_of_another_company(whole_app, rights):
    with work(company_stamp(2, user_id=7)) as session:
        client, variant = factories.make_client(session), factories.make_variant(session)
        factories.make_completed_order(session, Item(1, variant.id), client=client)
        product = variant.product_id
    asked = {"field": "bought_product", "op": "one_of", "value": [str(product)]}
    counts = []
    for who in (them(rights), reader_with(rights)):
        with signed_in(who):
            answer = whole_app.test_client().post("/segments/count", json=asked)
        assert answer.status_code == 200, answer.text
        counts.append((answer.json["count"], len(answer.json["sample"])))
    assert counts == [(1, 1), (0, 0)]


def test_who_may_only_read_changes_nothing(whole_app, rights, ours):
    """A franchise owner among them, who reads less."""
    mine = template("franchise_owner")
    assert mine is not None
    reads = {right for right in rights if right[0] == "read"}
    with whole_app.test_request_context("/"):
        assert set(mine.rights(rights)) <= reads
    calls = [*ours, *without_arguments(whole_app)]
    client = whole_app.test_client()
    with signed_in(reader_with(reads)):
        answers = {
            (one.url, verb): status(client, one.url, verb)
            for one in calls
            if one.rule.endpoint.rpartition(".")[2] not in SENT_BY_READERS
            for verb in one.verbs
            if verb != "GET"
        }
    assert {call: code for call, code in answers.items() if code not in (403, 404)} == {}


def test_every_route_of_a_resource_is_one_that_is_walked(whole_app):
    names = {type(one).__name__ for one in whole_app.extensions["crm_resources"].values()}
    methods = {
        rule.endpoint.partition(".")[2]
        for rule in whole_app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in names
    }
    assert methods == {
        *("info", "get_list", "get", "post", "put", "patch", "delete"),
        *("do", "restore", "start_bulk", "show_bulk", "get_by", "put_by"),
    }
