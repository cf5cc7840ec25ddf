"""A draft of a migration is all of it: it lints, and after it the database is what the models say."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import BigInteger, Column, NullPool, Table, text

from app.assembly import ROOT
from app.deploy import _bare, head, migrate
from app.kit.database.catalogue import differences
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role
from app.kit.servers import TestServer
from tests.house.test_drift import config_of, look


class Drafts:
    """A copy of the migrations, and a database that has all of them."""

    def __init__(self, server: TestServer, database: str, folder: Path) -> None:
        self.server, self.database, self.folder = server, database, folder
        self.migrations = folder / "migrations"
        shutil.copytree(ROOT / "migrations", self.migrations)
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.config = config_of(server, database, folder)
        self.app: Flask = _bare(self.config)
        self.run(
            "create table alembic_version (version_num varchar(32) not null,"
            " constraint alembic_version_pkc primary key (version_num));"
            f" insert into alembic_version values ('{head()}')"
        )

    def run(self, statements: str) -> None:
        engine = make_engine(self.server.url(self.database, "crm_migrate"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(f"set local role {Role.OWNER}"))
            connection.exec_driver_sql(statements)

    def draft(self, message: str = "add ship by to orders") -> str:
        before = set(self.migrations.glob("versions/*.py"))
        with self.app.app_context():
            flask_migrate.migrate(directory=str(self.migrations), message=message)
        (self.file,) = set(self.migrations.glob("versions/*.py")) - before
        return self.file.read_text()

    def upgrade(self) -> None:
        with self.app.app_context():
            flask_migrate.upgrade(directory=str(self.migrations))

    def downgrade(self) -> None:
        with self.app.app_context():
            flask_migrate.downgrade(directory=str(self.migrations))

    def look(self) -> dict[str, str]:
        """Tables only: what goes down is installed by the version that is started then."""
        seen = look(self.server, self.database)
        return {key: said for key, said in seen.items() if key.startswith(("column", "constraint"))}

    def lint(self) -> str:
        ruff, found = [sys.executable, "-m", "ruff"], ""
        for command in (["format", "--check"], ["check"]):
            done = subprocess.run(
                [*ruff, *command, "--no-cache", self.file],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
            found += done.stdout + done.stderr if done.returncode else ""
        return found


@pytest.fixture
def drafts(server: TestServer, make_database: Callable[[str], str], tmp_path: Path) -> Drafts:
    return Drafts(server, make_database("drafts"), tmp_path)


@pytest.fixture
def further() -> Iterator[Table]:
    """A table of the code that no migration makes."""
    made = Table("drafted", Model.metadata, Column("id", BigInteger, primary_key=True))
    yield made
    Model.metadata.remove(made)


_OLDER = """
alter table orders drop constraint ck_orders_status, drop constraint ck_orders_returned,
  add constraint ck_orders_status check (status in ('placed', 'completed')),
  add constraint ck_orders_gone check (total < 7);
alter table payment drop constraint ck_payment_amount,
  add constraint ck_payment_amount check (amount > 1);
alter table goods_return drop column reason;
"""


def test_checks_that_are_new_gone_or_changed_are_drafted(drafts: Drafts, template: str) -> None:
    drafts.run(_OLDER)
    older = drafts.look()
    written = drafts.draft()
    # A new choice, one with another value, a CHECK that says something else, one more, one less.
    for name in ("ck_goods_return_reason", "ck_orders_status", "ck_payment_amount"):
        assert re.search(rf'create_check_constraint\(\s*op\.f\("{name}"\)', written), name
    assert drafts.lint() == ""
    drafts.upgrade()
    assert differences(look(drafts.server, template), look(drafts.server, drafts.database)) == []
    assert "op." not in drafts.draft("nothing is left to do")
    drafts.downgrade()
    assert differences(older, drafts.look()) == []


def test_a_draft_is_numbered_and_named_as_the_others_are(drafts: Drafts, further: Table) -> None:
    written = drafts.draft("add IBAN to the table of drafts")
    assert 'op.create_table(\n        "drafted"' in written
    assert written.startswith('"""Add IBAN to the table of drafts.\n')
    assert f'revision = "{int(head() or 0) + 1:04}"\ndown_revision = "{head()}"' in written
    assert drafts.lint() == ""


def test_a_draft_needs_no_database_that_is_up_to_date_and_leaves_none(
    server: TestServer, further: Table, tmp_path: Path
) -> None:
    name = f"empty_{tmp_path.name}".lower()[:60]
    server.create_database(name)
    try:
        drafts = Drafts(server, name, tmp_path)
        drafts.run("drop table alembic_version")
        before = drafts.look()
        assert drafts.draft().count("op.create_table(") == 1
        assert differences(before, drafts.look()) == []
    finally:
        server.drop_database(name)


def test_a_forgotten_migration_is_named_before_anything_is_changed(
    drafts: Drafts,
    further: Table,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    drafts.run("alter table orders drop column note cascade")
    before = drafts.look()
    with pytest.raises(SystemExit) as ended:
        migrate(drafts.config)
    assert ended.value.code == 1
    assert (
        "No migration makes the table drafted, the column orders.note, which the code has:"
        ' draft one with `.venv/bin/flask db migrate -m "…"`' in caplog.text
    )
    assert "Traceback" not in capfd.readouterr().err
    assert differences(before, drafts.look()) == []
