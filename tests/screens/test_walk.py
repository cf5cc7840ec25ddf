"""Every screen and every resource of the whole application, walked (routes: test_every_route.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

import config as settings
from app.kit.screens import Screen
from app.kit.servers import TestServer
from tests.screens import bench, filling
from tests.screens.base import ScreenTests
from tests.screens.resources import ResourceTests

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


@pytest.fixture(scope="module")
def whole_app(
    server: TestServer,
    make_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Flask:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    name = make_database("walk")
    environ = {
        "DATABASE_URL": server.url(name),
        "REDIS_URL": server.redis_url,
        # The walks ask more in a minute than anybody may.
        "API_RATE_LIMIT": "0",
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    made.config["OWNER_URL"] = server.url(name, "crm_migrate")
    bench.let_tests_choose_the_reader(made)
    return made


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


def test_the_walk_leaves_no_resource_out(whole_app):
    registered = {type(one).__name__ for one in whole_app.extensions["crm_resources"].values()}
    assert registered == set(RESOURCES)
