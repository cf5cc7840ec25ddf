"""`defer` and what the database allows to be deferred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.kit import clock
from app.kit.database.session import work
from app.kit.database.stamp import Role, Stamp, company_stamp
from app.kit.errors import Conflict
from app.kit.jobs import defer, job, queues
from app.kit.jobs.choices import JobState
from app.kit.jobs.models import Job
from app.kit.jobs.operations import cancel, retry

pytestmark = pytest.mark.usefixtures("bound")
NAME = f"{__name__}.nothing"


@job("mail", attempts=3)
def nothing(session, *args):
    pass


def test_a_deferred_job_is_a_row_with_the_settings_of_its_declaration(session):
    deferred = session.get(Job, defer(session, NAME, 7, "seven"))
    assert (deferred.name, deferred.args, deferred.queue) == (NAME, [7, "seven"], "mail")
    assert (deferred.state, deferred.max_attempts) == (JobState.QUEUED, 3)
    assert (deferred.company_id, deferred.role) == (1, "crm_app")


def test_an_unknown_or_undecorated_function_cannot_be_deferred(session):
    with pytest.raises(LookupError, match="no job"):
        defer(session, "os.system", "true")
    with pytest.raises(LookupError, match="no job"):
        defer(session, "app.nowhere.jobs.nothing")


def test_arguments_are_plain_data(session):
    at = datetime(2026, 11, 1, tzinfo=UTC)
    deferred = session.get(Job, defer(session, NAME, Decimal("1.50"), at))
    assert deferred.args == ["1.50", "2026-11-01T00:00:00+00:00"]
    with pytest.raises(TypeError, match="plain data, not Job"):
        defer(session, NAME, deferred)


def test_a_key_has_one_unfinished_job_and_asks_a_running_one_to_run_again(session):
    first = defer(session, NAME, key="k")
    assert defer(session, NAME, key="k") == first
    session.execute(text("update job set state = 'running' where id = :id"), {"id": first})
    assert defer(session, NAME, key="k") == first
    assert defer(session, NAME, key="k") == first
    assert session.scalars(select(Job.again)).all() == [True]
    session.execute(text("update job set state = 'done'"))
    assert defer(session, NAME, key="k") != first


def test_a_second_unfinished_job_of_a_key_is_refused_by_the_database(session):
    insert = text("insert into job (queue, name, key) values ('mail', 'n', 'k')")
    session.execute(insert)
    with pytest.raises(IntegrityError, match="uq_job_key"):
        session.execute(insert)


def test_jobs_of_another_company_are_neither_seen_nor_made(session, as_stamp):
    with as_stamp(company_stamp(2)):
        theirs = defer(session, NAME)
    assert session.get(Job, theirs) is None
    with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
        session.execute(text("insert into job (company_id, queue, name) values (2, 'mail', 'n')"))


def test_a_company_cannot_make_a_job_of_the_system(session):
    with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
        session.execute(
            text(
                "insert into job (company_id, role, queue, name)"
                " values (null, 'crm_system', 'mail', 'n')"
            )
        )


def test_a_store_bound_user_defers_and_sees_jobs_of_own_stores_only(session, as_stamp):
    whole = defer(session, NAME)
    with as_stamp(company_stamp(1, store_ids=(3, 4))):
        both = defer(session, NAME)
    with as_stamp(company_stamp(1, store_ids=(3,))):
        one = defer(session, NAME)
        assert session.scalars(select(Job.id)).all() == [one]
        with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
            session.execute(
                text(
                    "insert into job (role, store_ids, queue, name)"
                    " values ('crm_app', null, 'mail', 'n')"
                )
            )
    assert session.scalars(select(Job.id).order_by(Job.id)).all() == [whole, both, one]
    assert session.get(Job, both).store_ids == [3, 4]


def test_the_system_claims_and_changes_nothing_else(session, as_stamp):
    deferred = defer(session, NAME)
    with as_stamp(Stamp(Role.SYSTEM)):
        for change in ("args = '[1]'", "name = 'x'", "company_id = 2", "role = 'crm_system'"):
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(f"update job set {change}"))
        for forbidden in ("delete from job", "insert into job (queue, name) values ('a', 'b')"):
            with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
                session.execute(text(forbidden))
        own = defer(session, NAME, key="k")
        assert defer(session, NAME, key="k") == own
        assert session.execute(select(Job.company_id, Job.role).where(Job.id == own)).one() == (
            None,
            "crm_system",
        )
    assert session.scalars(select(Job.id)).all() == [deferred]


def test_a_failed_job_can_be_tried_again_by_hand_and_a_done_one_cannot(session):
    one = session.get(Job, defer(session, NAME))
    with pytest.raises(Conflict, match="failed or was cancelled"):
        retry(session, one)
    session.execute(text("update job set state = 'failed', attempts = 3, finished_at = now()"))
    retry(session, one)
    assert (one.state, one.attempts, one.finished_at) == (JobState.QUEUED, 0, None)


def test_a_job_is_not_tried_again_beside_its_successor(session):
    old = session.get(Job, defer(session, NAME, key="k"))
    session.execute(text("update job set state = 'failed'"))
    defer(session, NAME, key="k")
    with pytest.raises(Conflict, match="already waits"):
        retry(session, old)


def test_a_waiting_job_is_cancelled_a_running_one_asked_to_stop_a_finished_one_refused(session):
    one = session.get(Job, defer(session, NAME))
    cancel(session, one)
    assert one.state == JobState.CANCELLED
    session.execute(text("update job set state = 'running'"))
    cancel(session, one)
    assert (one.state, one.stop_asked) == (JobState.RUNNING, True)
    session.execute(text("update job set state = 'done'"))
    with pytest.raises(Conflict, match="over already"):
        cancel(session, one)


def test_wake_up_happens_once_per_transaction_after_commit_and_never_after_rollback(
    engine, monkeypatch
):
    woken = []
    monkeypatch.setattr(queues, "wake", woken.append)
    with work(company_stamp(1)) as session:
        defer(session, NAME)
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            defer(session, NAME, queue="sms")
            1 / 0  # noqa: B018
        defer(session, NAME)
        assert woken == []
        session.rollback()
    assert woken == []
    with work(company_stamp(1)) as session:
        first = defer(session, NAME)
        defer(session, NAME)
        session.execute(text("update job set state = 'cancelled' where id >= :id"), {"id": first})
    assert woken == ["mail"]


def test_a_redis_that_is_gone_costs_no_error_and_no_time(session):
    queues.bind("unix:///nowhere/at.all?db=0")
    try:
        assert queues.wake("mail") is False
        before = clock.now()
        assert [queues.wake("mail") for _ in range(100)] == [False] * 100
        assert clock.now() - before < timedelta(seconds=0.1)
    finally:
        queues.bind(None)
