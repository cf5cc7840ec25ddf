"""SMS and WhatsApp through the dispatcher to a Twilio that follows its description."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.kit import settings
from app.kit.database.session import work
from app.messages import operations
from app.messages.choices import DispatchStatus, MessageChannel, MessagePurpose, PauseReason
from app.messages.models import Dispatch, Suppression
from app.messages.operations import SendingTerms
from app.messages.queries import routes
from tests.messages.sending import COMPANY, OFFER, House, phones
from tests.stand_ins.running import Running
from tests.stand_ins.twilio import ACCOUNT_SID, AUTH_TOKEN, CONTENT_SID, SMS_FROM, WHATSAPP_FROM


@pytest.fixture
def texts(house: House, twilio: Running) -> Running:
    house.installation = replace(
        house.installation,
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=AUTH_TOKEN,
        twilio_api_base=f"http://127.0.0.1:{twilio.port}",
    )
    with work(COMPANY) as session:
        settings.put(session, routes.SMS_SENDER, SMS_FROM)
        settings.put(session, routes.WHATSAPP_SENDER, WHATSAPP_FROM.removeprefix("whatsapp:"))
    return twilio


def start(house: House, count: int) -> int:
    return house.start(
        phones(count),
        channel=MessageChannel.SMS,
        body="Hi {{ offer }}",
        terms=SendingTerms(values=OFFER),
    )


def test_each_gets_one_sms(house: House, texts: Running) -> None:
    dispatch = start(house, 150)
    house.drain()
    assert house.states(dispatch) == {"accepted": 150}
    assert texts.stats()["numbers"] == texts.stats()["messages"] == 150
    assert {message["body"] for message in texts.ask("MESSAGES")} == {"Hi Tea"}


def test_429_is_tried_again_until_all_are_sent_once(house: House, texts: Running) -> None:
    texts.rules({"do": "429", "times": 30})
    dispatch = start(house, 60)
    while house.status(dispatch) is not DispatchStatus.COMPLETED:
        house.turn()
    assert house.states(dispatch) == {"accepted": 60}
    assert texts.stats()["numbers"] == texts.stats()["messages"] == 60


def test_what_broke_after_the_body_left_is_uncertain(house: House, texts: Running) -> None:
    texts.rules({"do": "500_after", "match": "900001"}, {"do": "reset_after", "match": "900002"})
    dispatch = start(house, 20)
    house.drain()
    assert house.states(dispatch) == {"accepted": 18, "uncertain": 2}
    assert texts.stats()["messages"] == texts.stats()["requests"] == 20


def test_whoever_answered_stop_is_suppressed(house: House, texts: Running) -> None:
    texts.rules({"do": 21610, "match": "0003"})
    dispatch = start(house, 10)
    house.drain()
    assert house.states(dispatch) == {"accepted": 9, "failed": 1}
    with work(COMPANY) as session:
        assert session.scalar(select(func.count()).select_from(Suppression)) == 1


@pytest.mark.usefixtures("texts")
def test_an_account_that_is_refused_pauses_the_sending(house: House) -> None:
    house.installation = replace(house.installation, twilio_auth_token="wrong")
    dispatch = start(house, 40)
    house.drain()
    with work(COMPANY) as session:
        found = session.get_one(Dispatch, dispatch)
        assert (found.status, found.status_reason) == (DispatchStatus.PAUSED, PauseReason.PROVIDER)
        assert "Authenticate" in found.status_text
        operations.resume(session, found)
    house.installation = replace(house.installation, twilio_auth_token=AUTH_TOKEN)
    house.drain()
    assert house.states(dispatch) == {"accepted": 40}


def test_whatsapp_takes_the_approved_template(house: House, texts: Running) -> None:
    with work(COMPANY) as session:
        template = operations.make_template(
            session, "Offer", MessageChannel.WHATSAPP, MessagePurpose.TRANSACTIONAL
        )
        version = operations.save_wording(
            session,
            template,
            content_sid=CONTENT_SID,
            content_variables={"1": "{{ offer }}"},
            variables=frozenset({"offer"}),
        )
        terms = SendingTerms(values=OFFER)
        dispatch = operations.start(session, version, phones(5), terms=terms).id
    house.drain()
    assert house.states(dispatch) == {"accepted": 5}
    sent = texts.ask("MESSAGES")
    assert {message["to"][:15] for message in sent} == {"whatsapp:+44770"}
    assert {message["content"]["ContentVariables"] for message in sent} == {'{"1": "Tea"}'}
