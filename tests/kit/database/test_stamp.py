"""Every transaction begins with its stamp, and what was not stamped reads nothing."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.kit.database.session import after_commit, restamp, under, work
from app.kit.database.stamp import Role, Stamp, company_stamp

pytestmark = pytest.mark.usefixtures("bound")
FACTS = text(
    "select current_user, current_setting('app.company_id', true),"
    " current_setting('app.store_ids', true), current_setting('app.user_id', true)"
)


def test_a_transaction_carries_role_company_stores_and_user(engine: Engine) -> None:
    with work(company_stamp(1, user_id=7, store_ids=(3, 4))) as session:
        assert session.execute(FACTS).one() == ("crm_store", "1", "{3,4}", "7")


def test_a_savepoint_keeps_the_stamp_and_the_next_transaction_gets_it_again(engine: Engine) -> None:
    with work(company_stamp(1)) as session:
        with session.begin_nested():
            assert session.execute(FACTS).one()[:2] == ("crm_app", "1")
        session.rollback()
        assert session.execute(FACTS).one()[:2] == ("crm_app", "1")


def test_a_connection_that_was_not_stamped_reads_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("select * from company"))
        connection.rollback()
        assert connection.execute(FACTS).one()[0] == "crm_web"


def test_the_stamp_ends_with_its_transaction(engine: Engine) -> None:
    with work(company_stamp(1)) as session:
        session.execute(FACTS)
    with engine.connect() as connection:
        assert connection.execute(FACTS).one()[:2] == ("crm_web", "")


def test_restamp_changes_the_transaction_that_is_open(engine: Engine) -> None:
    with work(Stamp(Role.AUTH)) as session:
        assert session.execute(FACTS).one()[0] == "crm_auth"
        restamp(session, company_stamp(2))
        assert session.execute(FACTS).one()[:2] == ("crm_app", "2")


def test_effects_run_once_after_the_outer_commit(engine: Engine) -> None:
    done: list[str] = []
    with work(company_stamp(1)) as session:
        session.execute(FACTS)
        with session.begin_nested():
            after_commit(session, done.append, "kept")
        assert done == []
    assert done == ["kept"]


def test_a_rolled_back_savepoint_drops_only_its_own_effects(engine: Engine) -> None:
    done: list[str] = []
    with work(company_stamp(1)) as session:
        after_commit(session, done.append, "before")
        savepoint = session.begin_nested()
        after_commit(session, done.append, "inside")
        savepoint.rollback()
        after_commit(session, done.append, "after")
    assert done == ["before", "after"]


def test_a_rollback_drops_all_effects(engine: Engine) -> None:
    done: list[str] = []
    with pytest.raises(ZeroDivisionError), work(company_stamp(1)) as session:
        session.execute(FACTS)
        after_commit(session, done.append, "never")
        raise ZeroDivisionError
    assert done == []


def test_work_begun_inside_work_has_its_own_stamp(engine: Engine) -> None:
    with work(company_stamp(1)) as outer, work(company_stamp(2)) as inner:
        assert _company(outer) == "1"
        assert _company(inner) == "2"


def _company(session: Session) -> str:
    return str(session.execute(FACTS).one()[1])


def test_a_savepoint_changes_no_stamp_for_good(engine: Engine) -> None:
    with work(company_stamp(1)) as session:
        with pytest.raises(RuntimeError, match="savepoint"), session.begin_nested():
            restamp(session, company_stamp(2))
        assert (session.info["stamp"].company_id, _company(session)) == (1, "1")


def test_work_under_another_stamp_ends_with_its_block(engine: Engine) -> None:
    with work(company_stamp(1, user_id=7)) as session:
        with under(session, Stamp(Role.AUTH)):
            assert session.execute(FACTS).one()[0] == "crm_auth"
        assert session.execute(FACTS).one()[::3] == ("crm_app", "7")


def test_work_under_another_stamp_ends_with_an_error_as_well(engine: Engine) -> None:
    with work(company_stamp(1)) as session:
        with pytest.raises(ZeroDivisionError), under(session, Stamp(Role.AUTH)):
            raise ZeroDivisionError
        assert session.execute(FACTS).one()[0] == "crm_app"
        with (
            pytest.raises(ProgrammingError),
            session.begin_nested(),
            under(session, Stamp(Role.AUTH)),
        ):
            session.execute(text("select * from company"))
        assert session.execute(FACTS).one()[0] == "crm_app"
        session.rollback()
        assert session.execute(FACTS).one()[0] == "crm_app"
