"""What the administrator's part of the set-up gives, and what it withholds."""

import contextlib
import os

import psycopg2
import pytest
from psycopg2 import errors

from app.kit.database import bootstrap
from config import plain_url


@pytest.fixture(scope="module")
def database(server):
    name = f"bootstrap_{os.getpid()}"  # several runs share the server
    server.create_database(name)
    yield name
    server.drop_database(name)


def _rows(url, *statements):
    connection = psycopg2.connect(plain_url(url))
    with contextlib.closing(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def test_no_role_passes_row_level_security_or_may_make_others(server):
    rows = _rows(
        server.superuser_url,
        "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname LIKE 'crm%' AND NOT (rolsuper "
        "OR rolbypassrls OR rolinherit OR rolcreaterole OR rolcreatedb OR rolreplication)",
    )
    assert {name for name, login in rows if not login} == set(bootstrap.ROLES)
    assert {name for name, login in rows if login} == {"crm_web", "crm_migrate"}


def test_logins_inherit_nothing_and_may_become_only_what_is_theirs(server):
    rows = _rows(
        server.superuser_url,
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members "
        "WHERE NOT inherit_option AND NOT admin_option AND set_option",
    )
    expected = {(login, role) for login, roles in bootstrap.MEMBERSHIPS.items() for role in roles}
    assert expected <= set(rows)
    assert {row for row in rows if row[0].startswith("crm_")} == expected


@pytest.mark.parametrize("role", ["crm_owner", "crm_search", "crm_migrate", "postgres"])
def test_the_web_login_cannot_become(server, database, role):
    with pytest.raises(errors.InsufficientPrivilege):
        _rows(server.url(database), f"SET ROLE {role}", "SELECT 1")


def test_a_connection_that_was_not_stamped_can_read_nothing(server, database):
    owner = psycopg2.connect(plain_url(server.url(database, "crm_migrate")))
    with contextlib.closing(owner), owner, owner.cursor() as cursor:
        cursor.execute("SET ROLE crm_owner")
        cursor.execute("CREATE TABLE secret (id int)")
        cursor.execute("GRANT SELECT ON secret TO crm_app")
    assert _rows(server.url(database), "SET ROLE crm_app", "SELECT * FROM secret") == []
    with pytest.raises(errors.InsufficientPrivilege):
        _rows(server.url(database), "SELECT * FROM secret")


def test_nobody_makes_tables_or_temporary_tables_by_default(server, database):
    for statement in ("CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)"):
        with pytest.raises(errors.InsufficientPrivilege):
            _rows(server.url(database), "SET ROLE crm_app", statement)


def test_it_may_be_repeated(server, database):
    bootstrap.bootstrap(server.superuser_url, database)
    owners = _rows(
        server.superuser_url.replace("/postgres?", f"/{database}?"),
        "SELECT nspname, nspowner::regrole::text FROM pg_namespace "
        "WHERE nspname IN ('public', 'search')",
    )
    assert set(owners) == {("public", "crm_owner"), ("search", "crm_search")}


def test_the_sql_for_a_managed_server_is_what_the_kit_itself_runs(server):
    name = f"bootstrap_by_sql_{os.getpid()}"
    sql = bootstrap.statements(name)
    server.drop_database(name)
    for url, statements in (
        (server.superuser_url, [*sql.cluster, sql.create]),
        (server.superuser_url.replace("/postgres?", f"/{name}?"), sql.database),
    ):
        with contextlib.closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)
    try:
        assert _rows(server.url(name), "SET ROLE crm_app", "SELECT lower('Ї')") == [("ї",)]
    finally:
        server.drop_database(name)


@pytest.mark.parametrize("name", ['x"; DROP ROLE crm_app', "", "ы"])
def test_a_name_that_is_no_plain_name_is_refused(name):
    with pytest.raises(ValueError, match="no name for a database"):
        bootstrap.statements(name)
