"""Every screen and every resource of the whole application, walked (routes: test_every_route.py)."""

from __future__ import annotations

import pytest

from app.kit.rest.resource_registry import resources
from app.kit.screens import Screen
from app.kit.screens.filters import operators_of
from app.kit.screens.screen_registry import screens
from tests.screens import change_tracking, filling
from tests.screens.base import UNREADABLE, ScreenTests, all_rights, filter_query
from tests.screens.bench import at_work, page, reader_with, signed_in, until_all_is_over
from tests.screens.change_tracking import NOT_BY_CHANGE
from tests.screens.resources import ResourceTests, base, bulk_of, done_with

CLASSES = filling.screen_classes()
RESOURCES = filling.resource_names(CLASSES)

# Routes that ask for no right of a screen, each with its reason.
WITHOUT_A_RIGHT = {
    "static": "the look; holds no data",
    "appbuilder.static": "the look; holds no data",
    "health.": "says only whether the process and its servers live",
    "HomeView.": "leads everybody to what they may open first",
    "SearchView.": "looks through the screens that its reader may open, under their rights",
    "LocaleView.": "sets a language in the visitor's own cookie",
    "SignInView.": "before anybody is known: throttled, tokens are random",
    "SignInApi.": "before anybody is known: throttled",
    "AccountView.": "about the reader alone, whoever it is",
    "OpenApiView.": "asks for a reader; describes, holds no data",
    "messages.": "public links with a signed company and id, and webhooks with a checked signature",
}


@pytest.fixture(autouse=True)
def empty_tables() -> None:
    """The walk keeps its records: each test makes its own."""


@pytest.fixture(params=CLASSES, ids=lambda one: one.__name__)
def screen_class(request: pytest.FixtureRequest) -> type[Screen]:
    found: type[Screen] = request.param
    return found


class TestEveryScreen(ScreenTests):
    SCREENS = CLASSES


def test_the_walk_leaves_no_screen_out(whole_app):
    registered = {type(one) for one in whole_app.extensions["crm_screens"].values()}
    assert registered == set(CLASSES)


def test_every_route_asks_for_a_right_or_has_a_reason(whole_app):
    open_ones = []
    for rule in whole_app.url_map.iter_rules():
        view = whole_app.view_functions[rule.endpoint]
        if hasattr(view, "_permission_name"):
            continue
        if not any(rule.endpoint.startswith(name) for name in WITHOUT_A_RIGHT):
            open_ones.append(rule.endpoint)
    assert open_ones == []


def test_no_route_of_flask_appbuilder_is_left_that_we_do_not_want(whole_app):
    names = {type(one).__name__ for one in whole_app.extensions["crm_screens"].values()}
    unwanted = {"download", "action", "action_post", "delete"}
    found = [
        rule.endpoint
        for rule in whole_app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in names and rule.endpoint.split(".")[-1] in unwanted
    ]
    assert found == []


@pytest.fixture(params=RESOURCES)
def resource_class(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestEveryResource(ResourceTests):
    pass


@pytest.fixture(scope="module")
def described(whole_app):
    """The description of the whole API, made once."""
    with signed_in(reader_with(all_rights(whole_app))):
        return whole_app.test_client().get("/api/v1/_openapi").json


def test_what_is_done_with_records_is_described(whole_app, described):
    with whole_app.app_context():
        said = {
            f"{base(one)}{tail}"
            for one in resources().values()
            for tail in (*done_with(one, "{pk}"), *(f"/bulk/{name}" for name in bulk_of(one)))
        }
    assert {one for one in said if "post" not in described["paths"].get(one, {})} == set()


def test_every_operator_of_every_kind_of_filter_can_be_used(whole_app):
    """Each once over the application, on the first screen that has it, in both directions."""
    asked = {}
    with whole_app.app_context():
        for screen in screens().values():
            for name in screen.filters:
                attr = screen.attr(name)
                for operator in operators_of(attr):
                    query = filter_query(attr, name, operator)
                    url = f"{screen.route_base}/list/?part=1&{query}"
                    asked.setdefault((attr.filter_kind, attr.kind, operator.name), url)
    client = whole_app.test_client()
    with signed_in(reader_with(all_rights(whole_app))):
        wrong = {key for key, url in asked.items() if UNREADABLE in page(client, url)}
    assert wrong == set()
    assert len(asked) > 30


def test_what_has_changed_is_told_once(whole_app):
    """All resources at a time, as each round waits until whatever runs now is over."""
    client = whole_app.test_client()
    with whole_app.app_context():
        found = {name: one for name, one in resources().items() if name not in NOT_BY_CHANGE}
        assert found.keys() | NOT_BY_CHANGE == resources().keys()

    def make() -> dict[str, int]:
        with whole_app.app_context(), at_work() as session:
            return {n: int(filling.make(session, type(r.of)).id) for n, r in found.items()}

    def told(since: dict[str, str], size: int = 2) -> dict[str, tuple[list[int], str]]:
        until_all_is_over()
        rounds = {n: change_tracking.told_now(client, r, since[n], size) for n, r in found.items()}
        assert {n for n, (ids, _at) in rounds.items() if len(ids) != len(set(ids))} == set()
        return rounds

    with signed_in(reader_with(all_rights(whole_app))):
        for name in NOT_BY_CHANGE:
            asked = {"changed_since": change_tracking.EARLY}
            assert client.get(f"/api/v1/{name}/", query_string=asked).status_code == 400
        before = make()
        first = told(dict.fromkeys(found, change_tracking.EARLY), 100)
        assert {n for n, (ids, _at) in first.items() if before[n] not in ids} == set()
        after = make()
        second = told({n: until for n, (_ids, until) in first.items()})
        # Of some there is one in a company.
        new = {n for n in found if after[n] != before[n]}
        assert {n for n in new if after[n] not in second[n][0]} == set()
        assert len(new) >= len(found) - 1
        third = told({n: until for n, (_ids, until) in second.items()})
        assert {n: ids for n, (ids, _at) in third.items() if ids} == {}


def test_the_walk_leaves_no_resource_out(whole_app):
    registered = {type(one).__name__ for one in whole_app.extensions["crm_resources"].values()}
    assert registered == set(RESOURCES)
