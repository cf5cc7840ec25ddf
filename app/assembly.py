"""The one place where the parts are put together, in the order of `app/parts.py`."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from pathlib import Path

from flask import Flask

import config as settings
from app import parts, web
from app.kit import health, logs, rate_limits, request_id, servers
from app.kit.database.refusal import refuse_unsafe
from app.kit.database.session import bind, db
from app.kit.jobs import setup as jobs
from app.kit.routing import LateRule, Word
from app.kit.runtime_config import wire
from app.kit.screens import boundary
from app.kit.security.csrf import Csrf

ROOT = Path(__file__).resolve().parent.parent


def assemble(config: settings.Config | None = None) -> Flask:
    """Return the application on the servers that `config` names, or on the embedded ones."""
    config = _with_servers(config or settings.load())
    app = Flask("app", root_path=str(ROOT / "app"), static_folder=None)
    app.url_rule_class = LateRule
    app.url_map.converters["word"] = Word
    app.config.update(config.flask_settings())
    app.config["CRM"] = config
    wire(config)
    _add_extensions(app)
    with app.app_context():
        bind(db.engine)
        with db.engine.connect() as connection:
            refuse_unsafe(connection)
        _add_parts(app)
    return app


def _with_servers(config: settings.Config) -> settings.Config:
    """Use the given servers, or this checkout's own for as long as the process lives."""
    if config.database_url and config.redis_url:
        return config
    stack = ExitStack()
    urls = stack.enter_context(servers.running(config))
    atexit.register(stack.close)
    return config.with_urls(urls)


def _add_extensions(app: Flask) -> None:
    parts.load_models()
    # What is said about every answer comes last, so it is registered first.
    request_id.init_app(app)
    logs.init_app(app)
    web.init_app(app)
    boundary.init_app(app)
    # Before AppBuilder: it registers its exemptions only with a CSRFProtect that is there already.
    Csrf(app)
    db.init_app(app)
    jobs.init_app(app)
    health.init_app(app)


def _add_parts(app: Flask) -> None:
    from app.builder import build  # noqa: PLC0415 -- needs the models of all parts

    appbuilder = build(app)
    # Only the security manager, which has just been made, knows who calls.
    rate_limits.init_app(app)
    parts.load_background()
    for extends in parts.load_room("extends"):
        extends.extend(appbuilder)
    appbuilder.add_all(parts.load_kit_screens())
    appbuilder.finish()
    from app.cli import crm  # noqa: PLC0415 -- commands import every part
    from app.cli.migrations import schema_changes  # noqa: PLC0415 -- as above

    app.cli.add_command(crm)
    app.cli.add_command(schema_changes)
