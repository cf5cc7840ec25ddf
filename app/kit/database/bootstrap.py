"""What only a PostgreSQL administrator can do, once per cluster and database.

Roles, logins, extensions.

`bootstrap(url, name)` does it (embedded servers, tests); `statements(name)` is the same as SQL, for
an administrator of a managed PostgreSQL to read and run. Both may be repeated at any time. Nothing
here needs more than CREATEROLE and CREATEDB, and nothing is granted that passes row-level security.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg2
from psycopg2 import extensions

ROLES = (
    "crm_owner",
    "crm_app",
    "crm_store",
    "crm_store_clients",
    "crm_own_clients",
    "crm_system",
    "crm_platform",
    "crm_auth",
    "crm_search",
)
EXTENSIONS = ("pg_trgm", "btree_gist")
WEB_LOGIN = "crm_web"
MIGRATE_LOGIN = "crm_migrate"
MEMBERSHIPS = {
    WEB_LOGIN: (
        "crm_app",
        "crm_store",
        "crm_store_clients",
        "crm_own_clients",
        "crm_system",
        "crm_platform",
        "crm_auth",
    ),
    MIGRATE_LOGIN: ("crm_owner", "crm_search"),
}
_HARMLESS = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('tresen roles'))"


@dataclass(frozen=True)
class Statements:
    """The SQL in three parts: for any database, the one that makes the database, and inside it."""

    cluster: tuple[str, ...]
    create: str
    database: tuple[str, ...]


def bootstrap(superuser_url: str, database: str, *, template: str | None = None) -> None:
    """Make roles and logins, then `database` with its extensions and schemas, as far as missing.

    `superuser_url` is a libpq URL or DSN of an administrator. With `template` the database is a
    copy of that one, which brings extensions and schemas along.
    """
    bootstrap_roles(superuser_url)
    create_database(superuser_url, database, template=template)


def bootstrap_roles(superuser_url: str) -> None:
    """Make the roles and logins of the cluster, as far as missing."""
    with closing(_connect(superuser_url)) as connection, connection.cursor() as cursor:
        # Two at once would fail with "tuple concurrently updated".
        statements = ("BEGIN", _ONE_AT_A_TIME, *_cluster_statements(), "COMMIT")
        for statement in statements:
            cursor.execute(statement)


def quiet_logins(superuser_url: str) -> None:
    """Keep what is refused to our logins out of the server's log: its words may quote a value.

    The application hears of each refusal and logs its own bugs. Only for servers of ours: it takes
    a superuser. What befalls the server itself is still logged.
    """
    with closing(_connect(superuser_url)) as connection, connection.cursor() as cursor:
        for login in MEMBERSHIPS:
            cursor.execute(f"ALTER ROLE {login} SET log_min_messages = 'log'")


def create_database(superuser_url: str, database: str, *, template: str | None = None) -> None:
    """Make `database`, owned by crm_owner, as far as missing. Requires the roles."""
    with closing(_connect(superuser_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if cursor.fetchone() is None:
            cursor.execute(_create_statement(database, template=template))
    with (
        closing(_connect(superuser_url, dbname=database)) as connection,
        connection.cursor() as cursor,
    ):
        for statement in _database_statements(database):
            cursor.execute(statement)


def drop_database(superuser_url: str, database: str) -> None:
    """Drop `database` if it exists, ending what is connected to it."""
    with closing(_connect(superuser_url)) as connection, connection.cursor() as cursor:
        name = _identifier(database)
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def statements(database: str) -> Statements:
    """Give the same as SQL, to be run by an administrator who then sets the logins' passwords."""
    return Statements(
        cluster=tuple(_cluster_statements()),
        create=_create_statement(database),
        database=tuple(_database_statements(database)),
    )


def _cluster_statements() -> Iterator[str]:
    for role in ROLES:
        yield _create_role(role, "NOLOGIN")
        yield f"ALTER ROLE {role} NOLOGIN {_HARMLESS}"
    for login, roles in MEMBERSHIPS.items():
        yield _create_role(login, "LOGIN")
        yield f"ALTER ROLE {login} LOGIN {_HARMLESS}"
        for role in roles:
            # Without inheritance a connection that was not stamped can read nothing.
            yield f"GRANT {role} TO {login} WITH ADMIN FALSE, INHERIT FALSE, SET TRUE"


def _create_role(role: str, login: str) -> str:
    # CREATE ROLE has no IF NOT EXISTS, and two servers of one cluster may bootstrap at once.
    return (
        f"DO $$ BEGIN CREATE ROLE {role} {login} {_HARMLESS}; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _create_statement(database: str, *, template: str | None = None) -> str:
    name = _identifier(database)
    if template is not None:
        return (
            f"CREATE DATABASE {name} OWNER crm_owner TEMPLATE {_identifier(template)} "
            "STRATEGY file_copy"
        )
    # The provider is named because under LANG=C the cluster's default would break Cyrillic search.
    return (
        f"CREATE DATABASE {name} OWNER crm_owner TEMPLATE template0 ENCODING 'UTF8' "
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'"
    )


def _database_statements(database: str) -> Iterator[str]:
    name = _identifier(database)
    logins = ", ".join(MEMBERSHIPS)
    yield f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"
    yield f"GRANT CONNECT ON DATABASE {name} TO {logins}"
    yield f"ALTER DATABASE {name} SET search_path = public"
    yield f"ALTER DATABASE {name} SET timezone = 'UTC'"
    for extension in EXTENSIONS:
        yield f"CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA public"
    yield "ALTER SCHEMA public OWNER TO crm_owner"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield "GRANT USAGE ON SCHEMA public TO PUBLIC"
    yield "CREATE SCHEMA IF NOT EXISTS search AUTHORIZATION crm_search"
    yield "ALTER SCHEMA search OWNER TO crm_search"
    yield "CREATE SCHEMA IF NOT EXISTS auth AUTHORIZATION crm_owner"
    yield "CREATE SCHEMA IF NOT EXISTS bound AUTHORIZATION crm_owner"


def _identifier(name: str) -> str:
    if not name.replace("_", "a").isalnum() or not name.isascii():
        message = f"{name!r} is no name for a database: letters, digits and _ only."
        raise ValueError(message)
    return f'"{name}"'


def _connect(url: str, **overrides: str) -> extensions.connection:
    connection = psycopg2.connect(**{**extensions.parse_dsn(url), **overrides})
    # CREATE DATABASE refuses to run inside a transaction.
    connection.autocommit = True
    return connection
