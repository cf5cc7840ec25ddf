"""Runs the migrations as crm_owner, after the functions that tables need and before grants and policies."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.operations.ops import CreateTableOp
from flask import current_app
from sqlalchemy import Connection, NullPool, TypeDecorator, text

from app.kit.database import install
from app.kit.database.install import fixed, moves, trail
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:  # noqa: ARG001, FBT001 -- Alembic's signature
    # Partitions are made by install, and no model knows them.
    return not (kind == "table" and reflected and other is None)


def _plain_type(kind: str, thing: Any, autogen: Any) -> str | bool:
    """Write our column types as what the database stores: a migration imports nothing of the application."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        plain = thing.impl_instance if hasattr(thing, "impl_instance") else thing.impl
        module = "postgresql" if type(plain).__module__.endswith("dialects.postgresql") else "sa"
        if module == "postgresql":
            autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return f"{module}.{plain!r}"
    return False


def _without_info(context_: object, revision: object, directives: list[Any]) -> None:  # noqa: ARG001 -- Alembic's signature
    """Drop what only `install` reads."""
    for directive in directives:
        for operation in directive.upgrade_ops.ops:
            if isinstance(operation, CreateTableOp):
                operation.info = {}


def _moves(before: str | None) -> bool:
    """Say whether the command leads from the revision that the tables have to another; a draft does not."""
    asked = context.get_context().opts.get("destination_rev", before)
    wanted = context.get_head_revision() if asked in ("head", "heads") else asked
    return before not in (None, wanted)


def run(connection: Connection) -> None:
    """Run what is missing in one transaction, under a lock, so that two deploys wait for each other."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_object=_is_ours,
        render_item=_plain_type,
        process_revision_directives=_without_info,
        transaction_per_migration=False,
        compare_server_default=False,
    )
    with context.begin_transaction():
        connection.execute(text("set local lock_timeout = '5s'"))
        connection.execute(text("select pg_advisory_xact_lock(hashtext('tresen migrations'))"))
        install.prelude(connection)
        connection.execute(text(f"set local role {Role.OWNER}"))
        before = context.get_context().get_current_revision()
        pending = _moves(before)
        if pending:
            # They name columns that a migration may change, and rows that it may correct.
            fixed.lift(connection)
            moves.lift(connection)
            trail.lift(connection)
        context.run_migrations()
        now = context.get_context().get_current_revision()
        empty = now is None
        if before not in (None, now):
            connection.execute(text("analyze"))
        connection.execute(text("reset role"))
        # A draft comes before its tables: there is nothing yet to grant on.
        if not empty and not getattr(context.config.cmd_opts, "autogenerate", False):
            install.install(connection, force=pending and now == context.get_head_revision())


with make_engine(
    current_app.config["CRM"].database_owner_url, poolclass=NullPool
).connect() as owner_connection:
    run(owner_connection)
    owner_connection.commit()
