"""Runs the migrations as crm_owner, after the functions that tables need and before grants and policies."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, NullPool, text

from app.kit.database import drafting, install
from app.kit.database.install import audit_policies, immutability, transitions
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:  # noqa: ARG001, FBT001 -- Alembic's signature
    # Partitions are made by install, and no model knows them.
    return not (kind == "table" and reflected and other is None)


def _moves(before: str | None) -> bool:
    """Say whether the command leads from the revision that the tables have to another."""
    asked = context.get_context().opts.get("destination_rev", before)
    wanted = context.get_head_revision() if asked in ("head", "heads") else asked
    return before not in (None, wanted)


def run(connection: Connection) -> None:
    """Run what is missing under a lock, so that two deploys wait for each other."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_object=_is_ours,
        render_item=drafting.plain_type,
        process_revision_directives=drafting.finish,
        autogenerate_plugins=drafting.PLUGINS,
        compare_server_default=False,
    )
    connection.execute(text("set local lock_timeout = '5s'"))
    connection.execute(text("select pg_advisory_xact_lock(hashtext('tresen migrations'))"))
    install.prelude(connection)
    connection.execute(text(f"set local role {Role.OWNER}"))
    options = context.get_context().opts
    if "destination_rev" in options:
        _move(connection)
        return
    # A draft, or a question: nothing of it stays.
    if "revision_context" in options:
        drafting.bring_up(connection, context.script)
    context.run_migrations()
    connection.rollback()


def _move(connection: Connection) -> None:
    before = context.get_context().get_current_revision()
    pending = _moves(before)
    if pending:
        # They name columns that a migration may change, and rows that it may correct.
        immutability.lift(connection)
        transitions.lift(connection)
        audit_policies.lift(connection)
    context.run_migrations()
    now = context.get_context().get_current_revision()
    if before not in (None, now):
        connection.execute(text("analyze"))
    connection.execute(text("reset role"))
    if now == context.get_head_revision():
        # Of an older version its own code writes what is no table.
        install.refuse_missing(connection)
        install.install(connection, force=pending)


# One transaction for all of it: Alembic makes none of its own in one that has begun.
with (
    make_engine(
        current_app.config["CRM"].database_owner_url, poolclass=NullPool
    ).connect() as owner_connection,
    owner_connection.begin(),
):
    run(owner_connection)
