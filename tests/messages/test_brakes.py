"""Pausing, limits and second thoughts while messages are on their way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.kit import settings
from app.kit.database.session import engine, make_engine, work
from app.kit.errors import Invalid
from app.kit.servers import TestServer
from app.messages import operations
from app.messages.choices import (
    DispatchStatus,
    MessageChannel,
    MessagePurpose,
    PauseReason,
    SuppressionReason,
)
from app.messages.engine.addresses import address_hash
from app.messages.models import Dispatch, DispatchRecipient
from app.messages.operations import SendingTerms
from app.messages.queries import routes
from tests.messages.sending import COMPANY, OFFER, House, audience, make_version
from tests.stand_ins.running import Running


@pytest.fixture
def relay(house: House, sink: Running) -> Running:
    house.with_relay(sink.port, connections=2)
    return sink


@contextmanager
def workers(*turns: Callable[[], object]) -> Iterator[None]:
    """Let each have its turn in a thread of its own; the block's end waits for all of them."""
    threads = [threading.Thread(target=turn) for turn in turns]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def wait_sent(relay: Running, count: int) -> None:
    deadline = time.monotonic() + 30
    while relay.stats()["total"] < count:
        assert time.monotonic() < deadline, "nothing is sent"
        time.sleep(0.005)


def pause(dispatch: int) -> None:
    with work(COMPANY) as session:
        operations.pause(session, session.get_one(Dispatch, dispatch))


def test_a_pause_takes_back_what_no_connection_had_taken(
    house: House, relay: Running, tmp_path: Path
) -> None:
    relay.set(latency_ms=100)
    dispatch = house.start(audience(400), terms=SendingTerms(values=OFFER))
    with workers(house.turn):
        wait_sent(relay, 5)
        pause(dispatch)
        before = relay.stats()["total"]
    # Far fewer than the window of 300, which would take a quarter of a minute.
    sent = relay.stats()["total"]
    assert sent <= before + 60
    assert house.states(dispatch) == {"accepted": sent, "pending": 400 - sent}
    assert not house.turn()
    relay.set(latency_ms=0)
    with work(COMPANY) as session:
        operations.resume(session, session.get_one(Dispatch, dispatch))
    house.drain()
    assert house.states(dispatch) == {"accepted": 400}
    assert set(relay.seen(tmp_path / "seen").values()) == {1}


def test_who_pauses_while_the_last_one_is_on_its_way_finds_it_completed(
    house: House, relay: Running
) -> None:
    relay.set(latency_ms=400)
    dispatch = house.start(audience(1), terms=SendingTerms(values=OFFER))
    with workers(house.turn):
        wait_sent(relay, 1)
        pause(dispatch)
    assert house.states(dispatch) == {"accepted": 1}
    assert house.status(dispatch) is DispatchStatus.COMPLETED


def test_an_unsubscription_counts_until_shortly_before_the_message(
    house: House, relay: Running, tmp_path: Path
) -> None:
    relay.set(latency_ms=20)
    house.terms = replace(house.terms, window=20, chunk=10)
    dispatch = house.start(
        audience(300), terms=SendingTerms(values=OFFER), purpose=MessagePurpose.MARKETING
    )
    with workers(house.turn):
        wait_sent(relay, 5)
        with work(COMPANY) as session:
            hashed = address_hash("email", "u290@example.com")
            operations.suppress(
                session, MessageChannel.EMAIL, hashed, SuppressionReason.UNSUBSCRIBED
            )
        assert relay.stats()["total"] < 200, "the machine was too fast for this test"
    house.drain()
    assert house.states(dispatch) == {"accepted": 299, "skipped": 1}
    assert "u290@example.com" not in relay.seen(tmp_path / "seen")


def test_who_unsubscribed_still_gets_what_is_about_an_order(house: House) -> None:
    with work(COMPANY) as session:
        for name, reason in (
            ("u1", SuppressionReason.UNSUBSCRIBED),
            ("u2", SuppressionReason.BOUNCED),
        ):
            hashed = address_hash("email", f"{name}@example.com")
            operations.suppress(session, MessageChannel.EMAIL, hashed, reason)
    invoice = house.start(audience(3), terms=SendingTerms(values=OFFER))
    offer = house.start(
        audience(3), terms=SendingTerms(values=OFFER), purpose=MessagePurpose.MARKETING
    )
    house.drain()
    assert house.states(invoice) == {"outbox": 2, "skipped": 1}
    assert house.states(offer) == {"outbox": 1, "skipped": 2}


@pytest.mark.usefixtures("relay")
def test_two_workers_share_a_limit_per_second(house: House) -> None:
    dispatch = house.start(audience(1000), terms=SendingTerms(values=OFFER, rate_cap=250))
    second = replace(house)
    second.terms = replace(house.terms, worker="second")
    began = time.monotonic()
    with workers(house.drain, second.drain):
        pass
    # Two batches at 250 each a second would be over after two seconds.
    assert time.monotonic() - began > 3.2
    assert house.states(dispatch) == {"accepted": 1000}
    assert {batch.worker for batch in house.batches(dispatch)} == {"tester", "second"}


def test_a_limit_of_one_a_second_is_paused_within_seconds(house: House, relay: Running) -> None:
    dispatch = house.start(audience(100), terms=SendingTerms(values=OFFER, rate_cap=1))
    began = time.monotonic()
    with workers(house.turn):
        wait_sent(relay, 1)
        pause(dispatch)
    assert time.monotonic() - began < 8
    assert house.states(dispatch)["pending"] >= 95
    assert relay.stats()["total"] == house.states(dispatch)["accepted"]


def test_a_database_that_is_away_for_a_moment_costs_no_message(
    house: House, relay: Running, tmp_path: Path
) -> None:
    relay.set(latency_ms=5)
    dispatch = house.start(audience(600), terms=SendingTerms(values=OFFER))
    end = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    with workers(house.drain):
        for sent in (50, 150, 300):
            wait_sent(relay, sent)
            with engine().connect() as connection:
                connection.exec_driver_sql(end)
    house.drain()
    assert house.states(dispatch) == {"accepted": 600}
    assert set(relay.seen(tmp_path / "seen").values()) == {1}


@contextmanager
def away_when_opened(server: TestServer, turn: int) -> Iterator[None]:
    """Have the database go away, once, when the `turn`th batch that was claimed is opened."""
    owner = make_engine(server.url(str(engine().url.database), "crm_migrate"))
    with owner.begin() as connection:
        connection.exec_driver_sql(
            f"""set local role crm_owner;
            create sequence opened;
            create function away() returns trigger language plpgsql security definer as $$ begin
              if nextval('opened') = {turn} then raise sqlstate '57P01'; end if; return new;
            end $$;
            create trigger away before update of journal_host on dispatch_batch for each row
              when (new.journal_host is not null) execute function away()"""
        )
    try:
        yield
        with owner.begin() as connection:
            connection.exec_driver_sql("set local role crm_owner")
            assert connection.exec_driver_sql("select last_value from opened").scalar() > turn
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "set local role crm_owner; drop trigger away on dispatch_batch; drop function away; drop sequence opened"
            )
        owner.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_batch_is_opened_although_the_database_was_away_since_it_was_claimed(
    house: House, relay: Running, server: TestServer, turn: int
) -> None:
    dispatch = house.start(audience(600), terms=SendingTerms(values=OFFER))
    with away_when_opened(server, turn):
        house.drain()
    assert house.states(dispatch) == {"accepted": 600}
    assert relay.stats()["duplicates"] == 0


def test_an_invoice_does_not_wait_until_a_campaign_is_over(house: House, relay: Running) -> None:
    relay.set(latency_ms=50)
    campaign = house.start(audience(300), terms=SendingTerms(values=OFFER))
    with workers(house.turn):
        wait_sent(relay, 5)
        with work(COMPANY) as session:
            version = make_version(session, MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
            invoice, _ = operations.send_one(
                session, version, "invoice@example.com", client_id=7, values=OFFER
            )
    # The turn was given back: whoever comes next finds the invoice first.
    assert house.states(campaign)["pending"] > 100
    relay.set(latency_ms=0)
    assert house.turn()
    assert house.states(invoice) == {"accepted": 1}
    house.drain()
    assert house.states(campaign) == {"accepted": 300}
    assert relay.stats()["duplicates"] == 0


@pytest.mark.parametrize("sender", ["", "Shop <a b@example.com>"])
def test_a_sender_that_is_no_address_pauses_and_says_so(
    house: House, relay: Running, sender: str
) -> None:
    usual, house.installation = (
        house.installation,
        replace(house.installation, mail_from=sender),
    )
    dispatch = house.start(audience(3), terms=SendingTerms(values=OFFER))
    house.drain()
    with work(COMPANY) as session:
        found = session.get_one(Dispatch, dispatch)
        assert (found.status, found.status_reason) == (DispatchStatus.PAUSED, PauseReason.PROVIDER)
        assert found.status_text
        operations.resume(session, found)
    house.installation = usual
    house.drain()
    assert house.states(dispatch) == {"accepted": 3}
    assert relay.stats()["total"] == 3


@pytest.mark.parametrize(
    ("setting", "value"), [(routes.MAIL_FROM, "nonsense"), (routes.REPLY_TO, "Shop <a@b.example>")]
)
def test_a_sender_is_checked_when_it_is_set(house: House, setting: Any, value: str) -> None:
    with work(COMPANY) as session, pytest.raises(Invalid):
        settings.put(session, setting, value)


def test_a_host_that_is_no_name_is_a_relay_that_is_away(house: House) -> None:
    house.installation = replace(house.installation, smtp_url="smtp://shop..example:25")
    dispatch = house.start(audience(3), terms=SendingTerms(values=OFFER))
    assert house.turn()
    assert house.states(dispatch) == {"pending": 3}
    with work(COMPANY) as session:
        attempts = session.scalars(
            select(DispatchRecipient.attempt).where(DispatchRecipient.dispatch_id == dispatch)
        )
        assert set(attempts) == {0}
