"""Sendings through a real relay, against a database where commits are real."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app.kit.database.session import work
from app.kit.jobs.runner import Runner
from app.messages import operations, queries
from app.messages.choices import (
    BatchState,
    DispatchStatus,
    MessageChannel,
    RecipientState,
    UncertainPolicy,
)
from app.messages.jobs import recording
from app.messages.jobs.loading import Loader
from app.messages.jobs.serving import drain
from app.messages.models import Dispatch, DispatchRecipient, OutboxMessage, SendAttempt, Suppression
from app.messages.operations import SendingTerms
from tests.messages.sending import COMPANY, OFFER, House, audience
from tests.stand_ins.running import Running


@pytest.fixture
def relay(house: House, sink: Running) -> Running:
    house.with_relay(sink.port)
    return sink


def test_everybody_of_the_audience_is_written_to_once(
    house: House, relay: Running, tmp_path: Path
) -> None:
    dispatch = house.start(audience(1234), terms=SendingTerms(values=OFFER))
    house.drain()
    assert house.status(dispatch) is DispatchStatus.COMPLETED
    assert house.states(dispatch) == {"accepted": 1234}
    assert house.counts(dispatch)["accepted"] == 1234
    assert relay.seen(tmp_path / "seen") == {f"u{n}@example.com": 1 for n in range(1, 1235)}
    assert [path.name for path in house.folder.iterdir()] == ["host-id"]


def test_without_a_relay_messages_stay_in_the_outbox(house: House) -> None:
    dispatch = house.start(audience(120), terms=SendingTerms(values=OFFER))
    house.drain()
    assert house.states(dispatch) == {"outbox": 120}
    with work(COMPANY) as session:
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 120
        first = session.scalars(select(OutboxMessage).order_by(OutboxMessage.ord)).first()
        assert first is not None
        assert (first.address, first.subject) == ("u1@example.com", "Hello")
        assert "Hello you" in first.html
        assert "Tea" in first.body


def test_refused_ones_fail_and_are_not_written_to_again(house: House, relay: Running) -> None:
    relay.rules({"at": "rcpt", "do": 550, "match": "7@"})
    dispatch = house.start(audience(100), terms=SendingTerms(values=OFFER))
    house.drain()
    assert house.states(dispatch) == {"accepted": 90, "failed": 10}
    with work(COMPANY) as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 10
        codes = session.scalars(select(SendAttempt.code)).all()
        assert codes == [550] * 10
    again = house.start(audience(100), terms=SendingTerms(values=OFFER))
    assert house.states(again) == {"pending": 90, "skipped": 10}


def test_deferred_ones_are_tried_again_until_accepted(
    house: House, relay: Running, tmp_path: Path
) -> None:
    relay.rules({"at": "dot", "do": 454, "match": "u1", "times": 15})
    dispatch = house.start(audience(100), terms=SendingTerms(values=OFFER))
    while house.status(dispatch) is not DispatchStatus.COMPLETED:
        house.turn()
    assert house.states(dispatch) == {"accepted": 100}
    assert set(relay.seen(tmp_path / "seen").values()) == {1}


def test_deferred_too_often_is_a_failure(house: House, relay: Running) -> None:
    relay.rules({"at": "rcpt", "do": 450, "match": "u7@"})
    dispatch = house.start(audience(10), terms=SendingTerms(values=OFFER))
    while house.status(dispatch) is not DispatchStatus.COMPLETED:
        house.turn()
    assert house.states(dispatch) == {"accepted": 9, "failed": 1}
    with work(COMPANY) as session:
        assert session.scalar(select(func.count()).select_from(SendAttempt)) == 4


def test_an_unknown_end_is_held_by_one_policy_and_resent_by_the_other(
    house: House, relay: Running
) -> None:
    relay.rules({"at": "dot", "do": "close", "match": "u7@", "times": 1})
    held = house.start(audience(10), terms=SendingTerms(values=OFFER))
    house.drain()
    assert house.states(held) == {"accepted": 9, "uncertain": 1}
    assert house.status(held) is DispatchStatus.COMPLETED
    relay.rules({"at": "dot", "do": "close", "match": "u7@", "times": 1})
    terms = SendingTerms(values=OFFER, uncertain_policy=UncertainPolicy.RESEND)
    resent = house.start(audience(10), terms=terms)
    while house.status(resent) is not DispatchStatus.COMPLETED:
        house.turn()
    assert house.states(resent) == {"accepted": 10}


def test_a_relay_that_is_away_costs_nobody_an_attempt(house: House) -> None:
    house.with_relay(1)
    dispatch = house.start(audience(30), terms=SendingTerms(values=OFFER))
    assert house.turn()
    assert house.states(dispatch) == {"pending": 30}
    assert house.status(dispatch) is DispatchStatus.RUNNING
    assert not house.turn(), "it is left alone for a while"


def test_pause_resume_and_cancel(house: House, relay: Running) -> None:
    dispatch = house.start(audience(600), terms=SendingTerms(values=OFFER))
    with work(COMPANY) as session:
        order = session.get_one(Dispatch, dispatch)
        operations.pause(session, order)
    assert not house.turn()
    with work(COMPANY) as session:
        operations.resume(session, session.get_one(Dispatch, dispatch))
    assert house.turn()
    other = house.start(audience(600), terms=SendingTerms(values=OFFER))
    with work(COMPANY) as session:
        assert operations.cancel(session, session.get_one(Dispatch, other)) == 600
    assert house.states(dispatch) == {"accepted": 600}
    assert house.states(other) == {"cancelled": 600}
    assert relay.stats()["total"] == 600


def test_single_messages_share_one_standing_sending(
    house: House, relay: Running, tmp_path: Path
) -> None:
    from app.messages.choices import MessagePurpose
    from tests.messages.sending import make_version

    with work(COMPANY) as session:
        version = make_version(session, MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
        places = [
            operations.send_one(
                session,
                version,
                f"a{n}@example.com",
                client_id=n,
                values=OFFER,
                occurrence="order 1",
            )
            for n in (1, 2, 2, 3)
        ]
    assert len({dispatch for dispatch, _ in places}) == 1
    assert [ord_ for _, ord_ in places] == [1, 2, 2, 3]
    house.drain()
    assert set(relay.seen(tmp_path / "seen").values()) == {1}
    assert house.states(places[0][0]) == {"accepted": 3}
    assert house.status(places[0][0]) is DispatchStatus.RUNNING


def test_the_text_that_fits_nobody_pauses_the_sending(house: House, relay: Running) -> None:
    dispatch = house.start(audience(400), html="<p>{{ offer }}</p>")
    house.drain()
    assert house.status(dispatch) is DispatchStatus.PAUSED
    assert relay.stats()["total"] == 0
    assert house.states(dispatch)["skipped"] < 400


def test_who_stands_still_in_the_middle_of_a_flush_lets_the_batch_go(house: House) -> None:
    terms = replace(house.terms, lease=timedelta(seconds=0.3))
    with (
        pytest.raises(OperationalError, match="terminat"),
        recording._held(COMPANY, terms) as session,
    ):
        time.sleep(1)
        session.execute(text("select 1"))


def _begun(house: House, relay: Running, dispatch: int) -> threading.Thread:
    """Begin a worker's turn and return when mails leave; `join` waits for its end."""
    turn = threading.Thread(target=house.drain)
    turn.start()
    deadline = time.monotonic() + 30
    while not relay.stats()["total"]:
        assert time.monotonic() < deadline, house.states(dispatch)
        time.sleep(0.005)
    return turn


def test_nothing_is_begun_after_the_lease_is_over(house: House, relay: Running) -> None:
    house.terms = replace(house.terms, lease=timedelta(seconds=1))
    relay.set(latency_ms=30)
    dispatch = house.start(audience(600), terms=SendingTerms(values=OFFER))
    with work(COMPANY) as session:
        # Whoever sends can neither record nor renew its lease, and nobody takes the batch over.
        lock = text("select 1 from dispatch_batch where dispatch_id = :d for update")
        turn = _begun(house, relay, dispatch)
        session.execute(lock, {"d": dispatch})
        time.sleep(1)
        at_its_end = relay.stats()["total"]
        time.sleep(1)
        assert relay.stats()["total"] <= at_its_end + 4
        assert at_its_end < 300, "all that was granted had left by then: nothing was tried"
    turn.join()
    relay.set(latency_ms=0)
    house.terms = replace(house.terms, lease=timedelta(seconds=20))
    house.drain()
    # The answers to what had left were heard, by whoever sends it now.
    assert house.states(dispatch) == {"accepted": 600}
    assert relay.stats()["total"] == 600


def test_what_a_fault_stops_is_sent_by_whoever_comes_next(
    house: House, relay: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house.terms = replace(house.terms, lease=timedelta(seconds=2))
    relay.set(latency_ms=30)
    dispatch = house.start(audience(1200), terms=SendingTerms(values=OFFER))
    first, second = house.batches(dispatch)[:2]
    load = Loader.load

    def faulty(loader: Loader, lowest: int, *args: int) -> Any:
        if lowest >= second.lo:
            # The first batch is given to the connections by then, most of it waits for them.
            time.sleep(0.5)
            raise ArithmeticError
        return load(loader, lowest, *args)

    monkeypatch.setattr(Loader, "load", faulty)
    with pytest.raises(ArithmeticError):
        house.turn()
    monkeypatch.undo()
    assert relay.stats()["total"] < first.hi
    relay.set(latency_ms=0)
    time.sleep(2)
    house.drain()
    assert house.states(dispatch) == {"accepted": 1200}
    assert relay.seen(tmp_path / "seen") == {f"u{n}@example.com": 1 for n in range(1, 1201)}


def test_a_slow_worker_does_not_take_its_batch_over_from_itself(
    house: House, relay: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.terms = replace(house.terms, lease=timedelta(seconds=1))
    flush, claim_next, slow = recording.flush, recording.claim_next, [False]

    def slow_flush(*args: Any) -> Any:
        # The records of the second chunk are the first that the slow database is asked to keep.
        slow[0] = slow[0] or any(len(change.results) for change in args[2])
        time.sleep(1.6 if slow[0] else 0)
        return flush(*args)

    def slow_claim(*args: Any) -> Any:
        if len(args) > 2:
            time.sleep(1.3)
        return claim_next(*args)

    monkeypatch.setattr(recording, "flush", slow_flush)
    monkeypatch.setattr(recording, "claim_next", slow_claim)
    dispatch = house.start(audience(900), terms=SendingTerms(values=OFFER))
    assert house.turn()
    monkeypatch.undo()
    time.sleep(1)
    house.drain()
    assert house.states(dispatch) == {"accepted": 900}
    assert relay.stats()["total"] == 900


def test_nobody_claims_what_they_hold_themselves(house: House) -> None:
    terms = replace(house.terms, lease=timedelta(seconds=0.2))
    dispatch = house.start(audience(30), terms=SendingTerms(values=OFFER))
    claim = recording.claim_next(terms, [MessageChannel.EMAIL], dispatch)
    assert claim is not None
    time.sleep(0.3)
    assert recording.claim_next(terms, [MessageChannel.EMAIL], dispatch, [claim.no]) is None
    again = recording.claim_next(terms, [MessageChannel.EMAIL], dispatch)
    assert again is not None
    assert (again.no, again.epoch) == (claim.no, claim.epoch + 1)


def test_a_cancel_leaves_what_a_worker_has_begun_to_its_outcome(
    house: House, relay: Running, tmp_path: Path
) -> None:
    relay.set(latency_ms=30)
    dispatch = house.start(audience(2400), terms=SendingTerms(values=OFFER))
    turn = _begun(house, relay, dispatch)
    with work(COMPANY) as session:
        operations.cancel(session, session.get_one(Dispatch, dispatch))
        states = dict(session.execute(queries.by_state(dispatch)).all())
        [held] = [one for one in house.batches(dispatch) if one.state == BatchState.LEASED]
        ords = select(DispatchRecipient.state).where(
            DispatchRecipient.dispatch_id == dispatch,
            DispatchRecipient.ord.between(held.lo, held.hi),
        )
        assert RecipientState.CANCELLED not in set(session.scalars(ords))
        assert states[RecipientState.CANCELLED] == 2400 - (held.hi - held.lo + 1)
    turn.join()
    seen = relay.seen(tmp_path / "seen")
    counts = house.states(dispatch)
    assert counts == {"accepted": len(seen), "cancelled": 2400 - len(seen)}
    assert set(seen.values()) == {1}
    assert len(seen) < 600


def test_a_turn_says_whether_something_was_due(house: House, built_app: Flask) -> None:
    runner = Runner("mail", app=built_app)
    assert not drain(runner, terms=house.terms)
    house.start(audience(1), terms=SendingTerms(values=OFFER))
    assert not drain(Runner("sms", app=built_app), terms=house.terms)
    assert not drain(Runner("mail"), terms=house.terms)
    assert drain(runner, terms=house.terms)
