"""What a web process does not load: each process would keep it for as long as it lives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.kit.i18n.catalogues import ROOT
from config import Config

# Each is needed in few places (a file in S3, a message by Twilio, a migration, a new password), which load it then.
LATER = {
    "aiohttp",
    "alembic",
    "boto3",
    "botocore",
    "flask_migrate",
    "requests",
    "stripe",
    "twilio",
    "urllib3",
    "uvloop",
    "zxcvbn",
}
SERVED = """
import sys
from run import app
from app.kit.database.session import engine
kept = engine().pool.checkedin()
from app.kit.security.permissions import all_rights
from tests.screens.bench import let_tests_choose_the_reader, reader_with, signed_in
let_tests_choose_the_reader(app)
with app.app_context():
    rights = set(all_rights())
with signed_in(reader_with(rights)):
    print(app.test_client().get("/clients/list/").status_code, kept)
print(*{name.partition(".")[0] for name in sys.modules})
"""


@pytest.fixture(scope="module")
def served(server, database_url, tmp_path_factory) -> tuple[str, set[str]]:
    """Give what a fresh process says that has made the application and served one list."""
    config = Config.from_env(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": server.redis_url,
            "SECRET_KEY": "s" * 40,
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("weight")),
        }
    )
    done = subprocess.run(
        [sys.executable, "-c", SERVED],
        cwd=ROOT,
        env=config.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    said, _line, loaded = done.stdout.partition("\n")
    assert loaded, done.stderr
    return said, set(loaded.split())


def test_a_process_that_served_a_list_has_loaded_nothing_that_few_need(served):
    said, loaded = served
    assert said.startswith("200 ")
    assert not LATER & loaded


def test_no_connection_is_open_when_the_processes_of_the_web_server_part(served):
    said, _loaded = served
    assert said.endswith(" 0")
