"""The page of schedules; the generated screens are walked with all others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.kit import clock
from app.kit.database.session import bind, work
from app.kit.jobs.schedules import SCHEDULES, Schedule, start_due
from config import Config
from tests.jobs.house import SYSTEM, House
from tests.screens import bench


@pytest.fixture
def client(house: House, tmp_path: Path) -> FlaskClient:
    environ = {
        "DATABASE_URL": house.url,
        "REDIS_URL": house.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path),
    }
    app = create_app(Config.from_env(environ))
    bind(house.engine)
    bench.let_tests_choose_the_reader(app)
    return app.test_client()


def test_schedules_are_shown_to_those_with_the_right_only(client: FlaskClient):
    one = Schedule("test.hourly", "app.kit.jobs.upkeep.make_partitions", every=timedelta(hours=1))
    SCHEDULES[one.name] = one
    with work(SYSTEM) as session:
        start_due(session, one, one.latest_due(clock.now()))
    assert client.get("/schedules/list/").status_code == 302
    with bench.signed_in(bench.reader_with(set())):
        assert client.get("/schedules/list/").status_code == 403
    with bench.signed_in(bench.reader_with({("read", "Schedule")})):
        answer = client.get("/schedules/list/")
    assert answer.status_code == 200
    assert "test.hourly" in answer.text
    assert "every 1:00:00" in answer.text
