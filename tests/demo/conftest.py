"""The small demo as its command loads it, on a database of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.cli.demo import load_demo
from app.kit.access import Reader
from app.kit.database.session import db, work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.security.permissions import all_rights
from app.kit.servers import TestServer
from config import Config
from tests.screens.bench import let_tests_choose_the_reader, reader_with


@dataclass(frozen=True)
class DemoHouse:
    """The application on a database with the demo company, and its owner, who may do all."""

    app: Flask
    company: int
    owner: Reader
    owner_url: str


@pytest.fixture(scope="session")
def demo_house(
    server: TestServer, make_database: Callable[[str], str], tmp_path_factory: Any
) -> DemoHouse:
    """Load the demo by its own command, once for all tests here."""
    name = make_database("demo")
    config = replace(
        Config.from_env({"INSTANCE_DIR": str(tmp_path_factory.mktemp("demo"))}),
        database_url=server.url(name),
        database_owner_url=server.url(name, "crm_migrate"),
        redis_url=server.redis_url,
    )
    app = create_app(config)
    let_tests_choose_the_reader(app)
    with app.app_context():
        load_demo("demo", "small", create=True)
        with work(Stamp(Role.PLATFORM)) as session:
            company = session.scalar(text("select id from company where slug = 'demo'"))
        assert company is not None
        with work(company_stamp(company)) as session:
            membership, user = session.execute(
                text("select id, user_id from membership order by id limit 1")
            ).one()
        owner = reader_with(
            set(all_rights()), company_id=company, user_id=user, membership_id=membership
        )
        db.engine.dispose()
    return DemoHouse(app, company, owner, server.url(name, "crm_migrate"))
