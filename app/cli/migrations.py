"""`flask db …`: Flask-Migrate, loaded only when somebody asks for it.

A web process needs no Alembic: importing it is a tenth of its start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


class SchemaChanges(click.Command):
    """Stands for the group of Flask-Migrate's commands until it is called."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of Flask-Migrate's own group, which then runs in place of this."""
        from flask_migrate import Migrate  # noqa: PLC0415 -- see above
        from flask_migrate.cli import db as commands  # noqa: PLC0415 -- as above

        from app.kit.database.session import db  # noqa: PLC0415 -- needs no application until here

        app = (parent or click.get_current_context()).ensure_object(ScriptInfo).load_app()
        Migrate(app, db, directory=str(FOLDER))
        made: click.Context = commands.make_context(info_name, args, parent, **extra)
        return made


def head() -> str | None:
    """Return the newest migration's id."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- see above

    return ScriptDirectory(str(FOLDER)).get_current_head()


schema_changes = SchemaChanges("db", short_help="Migrations: migrate, upgrade, current, heads.")
