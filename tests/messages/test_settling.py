"""What the provider is asked later, and what it says sooner than we have written down ourselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, text, update

from app.kit.database.session import work
from app.messages import operations
from app.messages.choices import BatchState, MessageChannel, RecipientState
from app.messages.engine.outcomes import Outcome, SendResult
from app.messages.engine.references import Reference
from app.messages.jobs import recording, settling
from app.messages.jobs.composing import Drafter
from app.messages.jobs.loading import Loader, load_plan
from app.messages.jobs.recording import Change, Counts, Result
from app.messages.jobs.settling import look_up
from app.messages.models import Dispatch, DispatchRecipient
from app.messages.operations import SendingTerms
from tests.messages.sending import COMPANY, OFFER, House, phones
from tests.messages.test_dispatching_texts import start, texts  # noqa: F401 -- a fixture
from tests.stand_ins.running import Running
from tests.stand_ins.twilio import ACCOUNT_SID, AUTH_TOKEN, SMS_FROM

SID = "SM" + "1" * 32
_JOBS = text("select args from job where name = 'app.messages.jobs.settling.look_up' order by id")


def recipient(dispatch: int, ord_: int) -> DispatchRecipient:
    with work(COMPANY) as session:
        return session.get_one(DispatchRecipient, (dispatch, ord_))


def ask(house: House, dispatch: int, step: int = 0) -> dict[str, int]:
    app = Flask("settling")
    app.config["CRM"] = house.installation
    with app.app_context(), work(COMPANY) as session:
        return look_up(session, dispatch, step)


def make_unknown(dispatch: int, ord_: int) -> None:
    with work(COMPANY) as session:
        session.execute(
            update(DispatchRecipient)
            .where(DispatchRecipient.dispatch_id == dispatch, DispatchRecipient.ord == ord_)
            .values(state=RecipientState.UNCERTAIN, provider_id=None, rank=0)
        )


def jobs() -> list[Any]:
    with work(COMPANY) as session:
        return list(session.scalars(_JOBS))


def test_what_the_provider_knows_is_settled_and_the_rest_stays_unknown(
    house: House,
    texts: Running,
) -> None:
    texts.set(callbacks=False)
    texts.rules({"do": "500_after", "match": "900001"}, {"do": 21614, "match": "900002"})
    dispatch = start(house, 3)
    house.drain()
    assert house.states(dispatch) == {"accepted": 1, "failed": 1, "uncertain": 1}
    assert jobs() == [[dispatch, 0]], "it is looked up later by itself"
    make_unknown(dispatch, 2)
    assert ask(house, dispatch) == {"asked": 2, "settled": 1}
    found = recipient(dispatch, 1)
    listed = {message["to"]: message for message in texts.ask("MESSAGES")}
    assert found.state is RecipientState.DELIVERED
    assert (found.provider_id, found.segments) == (listed["+447700900001"]["sid"], 1)
    # Twilio never took the second one; that it is not listed is no proof of it.
    assert recipient(dispatch, 2).state is RecipientState.UNCERTAIN
    assert jobs() == [[dispatch, 0], [dispatch, 1]]
    assert ask(house, dispatch, 4) == {"asked": 1, "settled": 0}
    assert len(jobs()) == 2, "after a day nobody asks any more"


def test_of_two_messages_that_look_alike_none_is_taken_for_ours(
    house: House,
    texts: Running,
) -> None:
    texts.set(callbacks=False)
    dispatch = start(house, 1)
    house.drain()
    make_unknown(dispatch, 1)
    address = f"http://127.0.0.1:{texts.port}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    form = {"To": "+447700900001", "From": SMS_FROM, "Body": "Hi Tea"}
    assert requests.post(address, form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10).ok
    assert ask(house, dispatch) == {"asked": 1, "settled": 0}


def test_the_message_of_another_sending_is_not_taken_for_ours(
    house: House,
    texts: Running,
) -> None:
    texts.set(callbacks=False)
    lost = start(house, 1)
    other = start(house, 1)
    house.drain()
    sids = [message["sid"] for message in texts.ask("MESSAGES")]
    assert {recipient(one, 1).provider_id for one in (lost, other)} == set(sids)
    mine = recipient(lost, 1).provider_id
    make_unknown(lost, 1)
    assert ask(house, lost) == {"asked": 1, "settled": 1}
    assert recipient(lost, 1).provider_id == mine


@pytest.mark.parametrize(("started", "settled"), [(1, 0), (-1, 1), (None, 1)])
def test_a_message_from_before_the_sending_began_is_not_taken_for_ours(
    house: House, texts: Running, started: int | None, settled: int
) -> None:
    texts.set(callbacks=False)
    dispatch = start(house, 1)
    house.drain()
    make_unknown(dispatch, 1)
    hours = None if started is None else timedelta(hours=started)
    with work(COMPANY) as session:
        # Ordered well before: what counts is when it began, if it has.
        at = func.now() + hours if hours is not None else None
        session.execute(
            update(Dispatch)
            .where(Dispatch.id == dispatch)
            .values(started_at=at, created_at=func.now() - timedelta(hours=2))
        )
    assert ask(house, dispatch) == {"asked": 1, "settled": settled}


def test_a_twilio_that_keeps_one_waiting_settles_nothing(
    house: House, texts: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = start(house, 1)
    house.drain()
    make_unknown(dispatch, 1)
    monkeypatch.setattr(settling, "_PATIENCE", 0)
    assert ask(house, dispatch) == {"asked": 1, "settled": 0}
    assert recipient(dispatch, 1).state is RecipientState.UNCERTAIN


def test_a_twilio_that_does_not_answer_settles_nothing(
    house: House,
    texts: Running,
) -> None:
    dispatch = start(house, 1)
    house.drain()
    make_unknown(dispatch, 1)
    texts.ask("STOP")
    assert ask(house, dispatch) == {"asked": 1, "settled": 0}
    assert recipient(dispatch, 1).state is RecipientState.UNCERTAIN


def test_a_report_that_is_faster_than_our_record_loses_nothing(
    house: House,
    texts: Running,
) -> None:
    dispatch = start(house, 1)
    claim = recording.claim_next(house.terms, [MessageChannel.SMS])
    assert claim is not None
    plan, _ = load_plan(claim, house.terms, house.installation)
    recording.open_batch(claim, plan, house.terms)
    (row,) = Loader(plan).load(1, 1, 10)
    draft = Drafter(plan).draft(row, claim.no)
    recording.flush(plan, house.terms, [Change(claim, 1, Counts())])
    with work(COMPANY) as session:
        form = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30003"}
        assert operations.hear(session, Reference(1, dispatch, 1), form)
    result = SendResult(Outcome.ACCEPTED, 201, provider_id=SID, segments=2)
    done = Change(claim, 1, Counts(accepted=1), "done", results=[Result(draft, row, result)])  # type: ignore[arg-type]
    recording.flush(plan, house.terms, [done])
    found = recipient(dispatch, 1)
    assert (found.state, found.code) == (RecipientState.BOUNCED, 30003)
    assert (found.segments, found.attempt, found.provider_id) == (2, 1, SID)


def test_a_flush_whose_answer_was_lost_counts_an_attempt_once(
    house: House,
    texts: Running,
) -> None:
    dispatch = house.start(
        phones(1), channel=MessageChannel.SMS, body="Hi", terms=SendingTerms(values=OFFER)
    )
    claim = recording.claim_next(house.terms, [MessageChannel.SMS])
    assert claim is not None
    plan, _ = load_plan(claim, house.terms, house.installation)
    recording.open_batch(claim, plan, house.terms)
    (row,) = Loader(plan).load(1, 1, 10)
    late = Result(None, row, SendResult(Outcome.DEFERRED, 20429, "busy"))
    for _twice in range(2):
        recording.flush(plan, house.terms, [Change(claim, 1, Counts(deferred=1), results=[late])])
    with work(COMPANY) as session:
        attempt = select(DispatchRecipient.attempt).where(DispatchRecipient.dispatch_id == dispatch)
        assert session.scalars(attempt).all() == [1]


def test_who_was_to_be_tried_again_is_cancelled_with_the_sending(
    house: House,
    texts: Running,
) -> None:
    dispatch = house.start(
        phones(2), channel=MessageChannel.SMS, body="Hi", terms=SendingTerms(values=OFFER)
    )
    claim = recording.claim_next(house.terms, [MessageChannel.SMS])
    assert claim is not None
    plan, _ = load_plan(claim, house.terms, house.installation)
    recording.open_batch(claim, plan, house.terms)
    one, other = Loader(plan).load(1, 2, 10)
    results = [
        Result(None, one, SendResult(Outcome.ACCEPTED, 201, provider_id=SID)),
        Result(None, other, SendResult(Outcome.DEFERRED, 20429, "busy")),
    ]
    with work(COMPANY) as session:
        operations.cancel(session, session.get_one(Dispatch, dispatch))
    counts = Counts(accepted=1, deferred=1)
    recording.flush(plan, house.terms, [Change(claim, 2, counts, "done", results=results)])
    assert house.states(dispatch) == {"accepted": 1, "cancelled": 1}
    assert [batch.state for batch in house.batches(dispatch)] == [BatchState.CANCELLED]


def test_who_takes_a_batch_over_has_begun_nothing_of_it(house: House, texts: Running) -> None:
    dispatch = start(house, 2)
    claim = recording.claim_next(house.terms, [MessageChannel.SMS])
    assert claim is not None
    plan, _ = load_plan(claim, house.terms, house.installation)
    recording.open_batch(claim, plan, house.terms)
    recording.flush(plan, house.terms, [Change(claim, 1, Counts())])
    assert [batch.cursor for batch in house.batches(dispatch)] == [1]
    recording.open_batch(claim._replace(cursor=1), plan, house.terms)
    assert [batch.cursor for batch in house.batches(dispatch)] == [claim.lo - 1]
