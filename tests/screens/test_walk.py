"""Every screen and every resource of the whole application, walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

import config as settings
from app.kit.screens import Screen
from app.kit.servers import TestServer
from tests.screens import bench, filling
from tests.screens.base import ScreenTests

CLASSES = filling.screen_classes()


@pytest.fixture(scope="module")
def whole_app(
    server: TestServer, make_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    from app import create_app

    instance: Path = tmp_path_factory.mktemp("instance")
    environ = {
        "DATABASE_URL": server.url(make_database("walk")),
        "REDIS_URL": server.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(instance),
    }
    made = create_app(settings.Config.from_env(environ))
    made.config["WTF_CSRF_ENABLED"] = False
    bench.let_tests_choose_the_reader(made)
    yield made


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
