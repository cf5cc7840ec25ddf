from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.kit.database.session import bind
from config import Config
from tests.jobs.house import House
from tests.screens import bench


@pytest.fixture
def client(house: House, tmp_path: Path) -> FlaskClient:
    """Give a browser of the whole application on that database; the test chooses who reads."""
    environ = {
        "DATABASE_URL": house.url,
        "REDIS_URL": house.redis_url,
        "SECRET_KEY": "s" * 40,
        "INSTANCE_DIR": str(tmp_path),
    }
    app = create_app(Config.from_env(environ))
    app.config["WTF_CSRF_ENABLED"] = False
    bind(house.engine)
    bench.let_tests_choose_the_reader(app)
    return app.test_client()
