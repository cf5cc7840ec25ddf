"""Unsubscribing and reports of Twilio, through the web application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.servers import TestServer
from app.messages.choices import MessageChannel, MessagePurpose, RecipientState
from app.messages.engine.references import Reference, sign_reference
from app.messages.models import DispatchRecipient, MessageEvent, Suppression
from app.messages.operations import SendingTerms
from app.messages.queries import eligibility_rules
from tests.messages.sending import COMPANY, OFFER, House, audience, phones
from tests.stand_ins.twilio import AUTH_TOKEN

SID = "SM" + "1" * 32


@pytest.fixture
def app(own_database: str, server: TestServer, tmp_path: Any) -> Iterator[Flask]:
    from app import create_app
    from config import Config

    environ = {
        "DATABASE_URL": own_database,
        "REDIS_URL": server.redis_url,
        "SECRET_KEY": "k" * 40,
        "INSTANCE_DIR": str(tmp_path),
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PUBLIC_URL": "https://crm.example.com",
    }
    made = create_app(Config.from_env(environ))
    eligibility_rules._entries.clear()
    return made


def recipient(dispatch: int, ord_: int = 1) -> DispatchRecipient:
    with work(COMPANY) as session:
        return session.scalars(
            select(DispatchRecipient).where(
                DispatchRecipient.dispatch_id == dispatch, DispatchRecipient.ord == ord_
            )
        ).one()


def counted(model: Any, company: int = 1) -> int:
    with work(company_stamp(company)) as session:
        return int(session.scalar(select(func.count()).select_from(model)) or 0)


def test_a_link_asks_and_a_post_unsubscribes(house: House, app: Flask) -> None:
    dispatch = house.start(
        audience(2), terms=SendingTerms(values=OFFER), purpose=MessagePurpose.MARKETING
    )
    path = f"/u/{sign_reference('unsubscribe', Reference(1, dispatch, 1))}"
    client = app.test_client()
    assert client.get(path).status_code == 200
    assert counted(Suppression) == 0
    for _ in range(2):
        done = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "Set-Cookie" not in done.headers
    assert counted(Suppression) == 1
    assert counted(MessageEvent) == 1
    assert recipient(dispatch).unsubscribed_at is not None
    house.drain()
    assert house.states(dispatch) == {"outbox": 1, "skipped": 1}


@pytest.mark.parametrize("purpose", ["callback", "unsubscribe"])
def test_a_link_that_we_did_not_make_does_nothing(app: Flask, purpose: str) -> None:
    token = sign_reference(purpose, Reference(1, 1, 1))
    bad = token[:-1] + ("A" if token[-1] != "A" else "B") if purpose == "unsubscribe" else token
    client = app.test_client()
    assert client.get(f"/u/{bad}").status_code == 404
    assert client.post(f"/u/{bad}").status_code == 404


class Reports:
    """Signs and posts what Twilio would."""

    def __init__(self, app: Flask, dispatch: int) -> None:
        token = sign_reference("callback", Reference(1, dispatch, 1))
        self.path, self.client = f"/hooks/twilio/{token}", app.test_client()

    def post(self, status: str, *, token: str = AUTH_TOKEN, **more: str) -> int:
        form = {"MessageSid": SID, "MessageStatus": status, **more}
        url = f"https://crm.example.com{self.path}"
        signature = RequestValidator(token).compute_signature(url, form)
        headers = {"X-Twilio-Signature": signature}
        return self.client.post(self.path, data=form, headers=headers).status_code


@pytest.fixture
def reports(house: House, app: Flask) -> Reports:
    dispatch = house.start(
        phones(1), channel=MessageChannel.SMS, terms=SendingTerms(values=OFFER), body="Hi"
    )
    made = Reports(app, dispatch)
    made.dispatch = dispatch  # type: ignore[attr-defined]
    return made


def test_reports_in_any_order_come_to_the_same(reports: Any) -> None:
    for status in ("delivered", "sent", "queued", "delivered", "sent"):
        assert reports.post(status) == 204
    found = recipient(reports.dispatch)
    assert (found.state, found.rank, found.provider_id) == (RecipientState.DELIVERED, 7, SID)
    assert found.delivered_at is not None
    assert counted(MessageEvent) == 3


def test_a_forged_report_is_refused(reports: Any) -> None:
    assert reports.post("delivered", token="other") == 403
    assert reports.client.post(reports.path, data={"MessageStatus": "delivered"}).status_code == 403
    assert recipient(reports.dispatch).state is RecipientState.PENDING


def test_stop_suppresses_the_number(reports: Any) -> None:
    assert reports.post("failed", ErrorCode="21610") == 204
    assert recipient(reports.dispatch).state is RecipientState.FAILED
    assert counted(Suppression) == 1
    assert counted(Suppression, company=2) == 0
