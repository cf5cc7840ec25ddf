"""What the database refuses is a person's: none of its values is in the server's log."""

import time
from pathlib import Path

import psycopg2
import pytest

from app.kit.database.session import make_engine
from app.kit.servers import TestServer
from app.kit.servers.processes import private_log
from tests.conftest import SERVERS

LOG = SERVERS / "postgres.log"
MARKER = "Marker-Whisper-3f9a"


def said_since(start: int, server: TestServer) -> str:
    """Give what the server has logged since, up to a word of ours that proves that it logs."""
    end = f"end of it {time.monotonic_ns()}"
    run(server, "postgres", f"do $$ begin raise log '{end}'; end $$")
    until = time.monotonic() + 20
    while end not in (text := LOG.read_bytes()[start:].decode(errors="replace")):
        assert time.monotonic() < until, "The server logs nothing."
        time.sleep(0.02)
    return text


def run(server: TestServer, login: str, *statements: str) -> list[str]:
    """Run statements as `login` and give the words of those that were refused."""
    refused = []
    url = server.url("postgres", login).replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                try:
                    cursor.execute(statement)
                except psycopg2.Error as error:
                    refused.append(str(error))
    finally:
        connection.close()
    return refused


TABLE = "create temporary table person (name text unique check (name <> ''), born date)"
REFUSED = [
    f"insert into person values ('{MARKER}'), ('{MARKER}')",  # DETAIL: Key (name)=(…) exists
    f"insert into person select nullif('{MARKER}', ''), current_date + '{MARKER}'::text::interval",
    f"select '{MARKER}'::int",  # the message itself quotes it
    f"do $$ begin raise exception 'refused: %', '{MARKER}'; end $$",
    f"do $$ begin raise warning '%', '{MARKER}'; end $$; select 1/0",
    f"select 1 from nowhere where name = '{MARKER}'",  # STATEMENT
    f"alter table person add check (name <> '{MARKER}'); insert into person values ('{MARKER}')",
]


@pytest.mark.parametrize("login", ["crm_web", "crm_migrate"])
def test_no_value_of_what_is_refused_is_logged(server: TestServer, login: str) -> None:
    start = LOG.stat().st_size
    words = run(server, login, TABLE, *REFUSED)
    assert len(words) == len(REFUSED), words
    assert sum(MARKER in one for one in words) >= 4, "The caller is told as before."
    assert MARKER not in said_since(start, server)


def test_an_administrator_at_the_console_leaves_no_row_and_no_statement_there(
    server: TestServer,
) -> None:
    start = LOG.stat().st_size
    assert len(run(server, "postgres", TABLE, REFUSED[0], REFUSED[5])) == 2
    said = said_since(start, server)
    assert "duplicate key value" in said
    assert MARKER not in said


def test_the_words_of_an_error_that_programs_log_hold_no_parameters(server: TestServer) -> None:
    engine = make_engine(server.url("postgres"))
    with (
        engine.connect() as connection,
        pytest.raises(Exception, match="division by zero") as caught,
    ):
        connection.exec_driver_sql("select 1 / length(replace(%(a)s, %(a)s, ''))", {"a": MARKER})
    assert MARKER not in str(caught.value)
    engine.dispose()


@pytest.mark.parametrize("name", ["postgres.log", "valkey.log", "keeper.log"])
def test_nobody_else_reads_the_logs(server: TestServer, name: str) -> None:
    path: Path = SERVERS / name
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("before\n")
    log.chmod(0o644)
    private_log(log).close()
    assert (log.stat().st_mode & 0o777, log.read_text()) == (0o600, "before\n")
