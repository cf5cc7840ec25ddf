"""Runs the migrations as crm_owner, after the functions that tables need and before grants and policies."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, NullPool, text

from app.kit.database import install
from app.kit.database.model import Model
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role


def _is_ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:  # noqa: ARG001, FBT001 -- Alembic's signature
    # Partitions are made by install, and no model knows them.
    return not (kind == "table" and reflected and other is None)


def run(connection: Connection) -> None:
    """Run what is missing in one transaction, under a lock, so that two deploys wait for each other."""
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        include_object=_is_ours,
        transaction_per_migration=False,
        compare_server_default=False,
    )
    with context.begin_transaction():
        connection.execute(text("set local lock_timeout = '5s'"))
        connection.execute(text("select pg_advisory_xact_lock(hashtext('tresen migrations'))"))
        install.prelude(connection)
        connection.execute(text(f"set local role {Role.OWNER}"))
        context.run_migrations()
        connection.execute(text("reset role"))
        install.install(connection)


with make_engine(
    current_app.config["CRM"].database_owner_url, poolclass=NullPool
).connect() as owner_connection:
    run(owner_connection)
    owner_connection.commit()
