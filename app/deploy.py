"""What a deploy does before the first process serves: tables, grants, permissions, the demo once.

Harmless when repeated or done twice at once: migrations and permissions each hold a lock of their
own.
"""

from __future__ import annotations

import logging

from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import NullPool, text

import config as settings
from app.assembly import ROOT, assemble
from app.kit.database.prepared import fingerprint, note_prepared
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp
from app.kit.database.statistics import analyse_new
from app.kit.i18n import compile_catalogues
from app.kit.security.passwords import hash_password, is_password

log = logging.getLogger(__name__)


def prepare(config: settings.Config, *, demo: bool = True) -> None:
    """Bring the database of `config` up to date and load the demo company where there is none."""
    compile_catalogues()
    migrate(config)
    app = assemble(config)
    with app.app_context():
        _permissions(app)
        if demo and not config.production:
            _demo_once()
            _demo_password(config)
    analyse_new(config.database_owner_url or "")
    if demo:
        note_prepared(settings.plain_url(config.database_owner_url or ""), fingerprint(config))


def _demo_once() -> None:
    """Load the demo company where there is no company, or where loading it was interrupted.

    The large demo takes minutes: who began it with its command ends it so.
    """
    from app.cli.demo import is_unfinished, load_demo  # noqa: PLC0415 -- not for production

    slugs = _companies()
    if not slugs or ("demo" in slugs and is_unfinished("demo")):
        load_demo("demo", "small", create=True)


def head() -> str | None:
    """Return the newest migration's id."""
    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def migrate(config: settings.Config) -> None:
    """Bring the tables up to date, then grants, policies, triggers and functions."""
    app = _bare(config)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))


def _bare(config: settings.Config) -> Flask:
    """Return a Flask without parts: what a migration needs."""
    from flask_babel import Babel  # noqa: PLC0415
    from flask_migrate import Migrate  # noqa: PLC0415

    from app import parts  # noqa: PLC0415
    from app.kit.database.session import db  # noqa: PLC0415

    parts.load_models()
    app = Flask("migrations")
    app.config.update(config.flask_settings())
    app.config["CRM"] = config
    Babel(app)  # lazy labels are read while a migration is drafted
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"))
    return app


def _permissions(app: Flask) -> None:
    from app.kit.security.permissions import create_permissions  # noqa: PLC0415

    owner = make_engine(app.config["CRM"].database_owner_url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=owner) as session:
        create_permissions(session, app.extensions["appbuilder"])
    owner.dispose()


def _demo_password(config: settings.Config) -> None:
    """Let the demo's people sign in with the password that is printed, also when it was changed."""
    engine = make_engine(config.database_owner_url or "", poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=engine) as session:
        people = session.execute(
            text("select id, password from ab_user where email like '%@demo.example' order by id")
        ).all()
        if people and not is_password(people[0].password, config.demo_password):
            for person in people:
                session.execute(
                    text("update ab_user set password = :password where id = :id"),
                    {"id": person.id, "password": hash_password(config.demo_password)},
                )
    engine.dispose()


def _companies() -> set[str]:
    with work(Stamp(Role.PLATFORM)) as session:
        return set(session.scalars(text("select slug from company")))
