"""The application does not start on a login that could see too much."""

import pytest
from sqlalchemy import NullPool, text

from app.kit.database.refusal import UnsafeDatabase, refuse_unsafe
from app.kit.database.session import make_engine
from app.kit.servers import TestServer


def test_the_web_login_may_start(server: TestServer, database: str) -> None:
    with make_engine(server.url(database), poolclass=NullPool).connect() as connection:
        refuse_unsafe(connection)


def test_a_superuser_may_not(server: TestServer, database: str) -> None:
    url = server.url(database, "postgres")
    with (
        make_engine(url, poolclass=NullPool).connect() as connection,
        pytest.raises(UnsafeDatabase, match="superuser"),
    ):
        refuse_unsafe(connection)


def test_the_owner_of_the_tables_may_not(server: TestServer, database: str) -> None:
    url = server.url(database, "crm_migrate")
    with make_engine(url, poolclass=NullPool).connect() as connection:
        connection.execute(text("set local role crm_owner"))
        with pytest.raises(UnsafeDatabase, match="owns a table"):
            refuse_unsafe(connection)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("alter role crm_web bypassrls", "BYPASSRLS"),
        (
            "grant crm_app to crm_web with inherit true",
            "inherits",
        ),
        ("grant crm_search to crm_web with inherit true", "inherits"),
    ],
)
def test_a_login_with_more_rights_may_not(
    server: TestServer, database: str, change: str, reason: str
) -> None:
    admin = make_engine(server.url(database, "postgres"), poolclass=NullPool)
    with admin.connect() as altering:
        # Inside a transaction that is rolled back: other test processes use this login meanwhile.
        altering.execute(text(change))
        altering.execute(text("set local session authorization crm_web"))
        with pytest.raises(UnsafeDatabase, match=reason):
            refuse_unsafe(altering)
        altering.rollback()
