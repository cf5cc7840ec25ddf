"""Trying work again by a click, and the page of schedules; the rest of the screens is walked."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text

from app.kit import clock
from app.kit.database.session import db, work
from app.kit.events import emit, on
from app.kit.jobs import defer, job, queues
from app.kit.jobs.schedules import SCHEDULES, Schedule, start_due
from tests.jobs.house import SYSTEM, House, do, wait_until
from tests.screens import bench

RETRY = {("read", "Job"), ("retry", "Job"), ("read", "EventDelivery"), ("retry", "EventDelivery")}


@job()
def write(session, what):
    do(session, what)


@on("house.clicked", name="house.click")
def hear(session, happened):
    do(session, f"heard {happened.data['number']}")


def test_schedules_are_shown_to_those_with_the_right_only(client: FlaskClient):
    one = Schedule("test.hourly", "app.kit.jobs.upkeep.make_partitions", every=timedelta(hours=1))
    SCHEDULES.register(one)
    with work(SYSTEM) as session:
        start_due(session, one, one.latest_due(clock.now()))
    assert client.get("/schedules/list/").status_code == 302
    with bench.signed_in(bench.reader_with(set())):
        assert client.get("/schedules/list/").status_code == 403
    with bench.signed_in(bench.reader_with({("read", "Schedule")})):
        answer = client.get("/schedules/list/")
    assert answer.status_code == 200
    assert "test.hourly" in answer.text
    assert "every 1 hour<" in answer.text


def failed_job(house: House, company: int = 1) -> int:
    with house.company(company) as session:
        made = defer(session, f"{__name__}.write", "at last")
        session.execute(
            text(
                "update job set state = 'failed', attempts = 5, finished_at = now() where id = :id"
            ),
            {"id": made},
        )
    return made


def test_a_failed_job_is_done_after_a_click(client: FlaskClient, house: House):
    one = failed_job(house)
    house.worker()
    with bench.signed_in(bench.reader_with(RETRY)):
        assert f"/jobs/do/retry/{one}" in client.get(f"/jobs/show/{one}").text
        assert client.post(f"/jobs/do/retry/{one}").status_code == 302
        wait_until(lambda: house.states() == ["done"])
        assert f"/jobs/do/retry/{one}" not in client.get(f"/jobs/show/{one}").text
        assert client.post(f"/jobs/do/retry/{one}").status_code == 409
    assert house.deeds() == ["at last"]


def test_only_with_the_right_and_in_the_own_company_can_work_be_tried_again(
    client: FlaskClient, house: House
):
    ours, theirs = failed_job(house), failed_job(house, company=2)
    with bench.signed_in(bench.reader_with({("read", "Job")})):
        assert f"/jobs/do/retry/{ours}" not in client.get(f"/jobs/show/{ours}").text
        assert client.post(f"/jobs/do/retry/{ours}").status_code == 403
    with bench.signed_in(bench.reader_with(RETRY)):
        assert client.post(f"/jobs/do/retry/{theirs}").status_code == 404
    with bench.signed_in(bench.reader_with(RETRY, store_ids=(3,))):
        assert client.post(f"/jobs/do/retry/{ours}").status_code == 404
    assert house.states() == ["failed", "failed"]


def test_a_dead_delivery_is_made_after_a_click(client: FlaskClient, house: House):
    with house.company() as session:
        emit(session, "house.clicked", number=1)
        session.execute(text("update event_delivery set state = 'dead', attempts = 10"))
    (row,) = house.rows("select id from event_delivery")
    house.worker("events")
    with bench.signed_in(bench.reader_with(RETRY)):
        assert client.post(f"/event-deliveries/do/retry/{row.id}").status_code == 302
    wait_until(lambda: house.deeds() == ["heard 1"])


def _killed_request(house: House, app, one: int) -> None:
    with app.app_context():
        db.engine.dispose(close=False)  # its connections are the parent's
    queues.wake = lambda _queue: os.kill(os.getpid(), signal.SIGKILL)
    with bench.signed_in(bench.reader_with(RETRY)):
        app.test_client().post(f"/jobs/do/retry/{one}")


def test_a_request_killed_between_its_commit_and_the_wake_up_loses_nothing(
    client: FlaskClient, house: House
):
    one = failed_job(house)
    web = house.start(_killed_request, client.application, one)
    web.join(60)
    assert web.exitcode == -signal.SIGKILL
    assert house.states() == ["queued"]
    house.worker()
    wait_until(lambda: house.states() == ["done"])
    assert house.deeds() == ["at last"]
