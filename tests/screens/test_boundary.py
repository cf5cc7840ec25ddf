"""The boundary: it commits once, and turns what went wrong into a sentence or a 500."""

import logging

import pytest
from sqlalchemy import text

from app.catalogue.models import Brand
from app.kit.errors import Again, Conflict, Invalid, NotFound, Refused
from app.kit.rest.idempotency_key import _attempt
from tests.screens import declared
from tests.screens.bench import at_work, page


@pytest.fixture
def brand() -> int:
    with at_work() as session:
        made = Brand(name="Daiwa")
        session.add(made)
        session.flush()
        return made.id


def rename_with(monkeypatch: pytest.MonkeyPatch, operation: object) -> None:
    from dataclasses import replace

    old = declared.BenchBrands.actions_on["rename"]
    monkeypatch.setattr(
        declared.BenchBrands, "actions_on", {"rename": replace(old, operation=operation)}
    )


def name_of(pk: int) -> str:
    with at_work() as session:
        return str(session.scalar(text("select name from brand where id = :pk"), {"pk": pk}))


def test_a_bug_is_500_in_the_log_and_nothing_is_saved(
    client, everything, brand, monkeypatch, caplog
):
    def broken(session, obj, /, *, by, at):
        obj.name = "half saved"
        session.flush()
        raise ZeroDivisionError("secret detail")

    rename_with(monkeypatch, broken)
    with caplog.at_level(logging.ERROR):
        answer = client.post(f"/bench-brands/do/rename/{brand}", data={"version": 1})
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text
    assert name_of(brand) == "Daiwa"


def test_a_refusal_after_a_flush_saves_nothing(client, everything, brand, monkeypatch):
    def refused(session, obj, /, *, by, at):
        obj.name = "half saved"
        session.flush()
        raise Conflict("Not today.")

    rename_with(monkeypatch, refused)
    answer = client.post(f"/bench-brands/do/rename/{brand}", data={"version": 1})
    assert answer.status_code == 409
    assert "Not today." in answer.text
    assert name_of(brand) == "Daiwa"


def test_a_broken_sql_statement_is_a_bug_not_a_message(client, everything, brand, monkeypatch):
    def broken(session, obj, /, *, by, at):
        session.execute(text("select nothing from nowhere"))

    rename_with(monkeypatch, broken)
    answer = client.post(f"/bench-brands/do/rename/{brand}", data={"version": 1})
    assert answer.status_code == 500
    assert "nowhere" not in answer.text


def test_reading_a_page_leaves_no_transaction_open(app, client, everything, brand):
    page(client, "/bench-brands/list/")
    with at_work() as session:
        open_ones = session.scalar(
            text(
                "select count(*) from pg_stat_activity where state = 'idle in transaction' and pid <> pg_backend_pid() and datname = current_database()"
            )
        )
    assert open_ones == 0


def test_an_error_page_is_shown_in_the_shape_the_caller_reads(client, everything):
    assert client.get("/no-such-page").status_code == 404
    answer = client.get("/api/v1/no-such-thing")
    assert answer.status_code == 404
    assert answer.json["errors"] == {}


def test_an_answer_that_says_no_saves_nothing(client, everything):
    assert client.post("/bench-brands/half").status_code == 422
    with at_work() as session:
        assert session.scalar(text("select count(*) from brand")) == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("No"), 422),
        (Conflict("No"), 409),
        (NotFound(), 404),
        (Refused("No"), None),
        (Again("Again"), None),
        (ZeroDivisionError(), None),
    ],
)
def test_what_may_be_kept_is_an_answer_and_all_else_goes_on_its_way(
    built_app, session, error, status
):
    def work():
        raise error

    with built_app.test_request_context("/api/v1/brands"):
        if status is None:
            with pytest.raises(type(error)):
                _attempt(session, work)
        else:
            assert _attempt(session, work).status_code == status
