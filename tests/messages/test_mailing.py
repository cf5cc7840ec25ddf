"""Mails of the house: what opens a door goes to its reader, and lies where nobody else can read it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string, policy

import pytest
from flask import Flask
from sqlalchemy.orm import Session

import config as settings
from app.kit import runtime_config
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.models import MessageTemplateVersion, OutboxMessage
from app.messages.operations.mailing import deliver_mail
from app.messages.operations.sending import send_one
from app.messages.operations.templates import make_template, save_wording
from app.messages.screens import OutboxScreen
from tests.stand_ins.running import Running


@pytest.fixture
def bare(tmp_path) -> Iterator[Flask]:
    """An application context with a configuration and nothing else."""
    app = Flask("mailing")
    app.config["CRM"] = replace(settings.load(), instance=tmp_path, smtp_url=None)
    runtime_config.wire(app.config["CRM"])
    with app.app_context():
        yield app


def outbox_message(session: Session, version: MessageTemplateVersion, body: str) -> None:
    dispatch_id, _ord = send_one(session, version, "ann@example.com", values={"text": body})
    session.add(
        OutboxMessage(
            dispatch_id=dispatch_id,
            ord=1,
            channel=MessageChannel.EMAIL,
            address="ann@example.com",
            body=body,
        )
    )
    session.flush()


@pytest.mark.usefixtures("bare")
def test_the_outbox_shows_no_mail_of_the_house(session: Session) -> None:
    """It could lie there: earlier versions stored invitations."""
    template = make_template(session, "News", MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
    outbox_message(
        session, save_wording(session, template, subject="x", body="x", html="x"), "news"
    )
    house = save_wording(
        session,
        make_template(session, "Accounts", MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL),
        subject="{{ subject }}",
        body="{{ text }}",
        html='<div style="white-space: pre-line">{{ text }}</div>',
        variables=frozenset({"subject", "text"}),
    )
    outbox_message(session, house, "the link")
    condition = OutboxScreen.where
    assert condition is not None
    shown = session.query(OutboxMessage.body).filter(condition())
    assert [row.body for row in shown] == ["news"]


def test_what_opens_an_account_goes_by_the_installations_own_mail_server(
    bare: Flask, sink: Running
) -> None:
    bare.config["CRM"] = replace(
        bare.config["CRM"],
        smtp_url=f"smtp://127.0.0.1:{sink.port}",
        mail_from="Trésen <door@tresen.example>",
    )
    deliver_mail("root@example.com", "Ваш новий пароль", "https://tresen.example/reset/a<b")
    mails = sink.mails()
    assert [(one["from"], one["to"]) for one in mails] == [
        ("door@tresen.example", "root@example.com")
    ]
    mail = message_from_string(mails[0]["data"], policy=policy.default)
    assert (mail["subject"], mail["to"]) == ("Ваш новий пароль", "root@example.com")
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == "https://tresen.example/reset/a<b"
    assert "reset/a&lt;b" in html.get_content()


def test_a_companys_name_of_two_lines_adds_no_header(bare: Flask, sink: Running) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], smtp_url=f"smtp://127.0.0.1:{sink.port}")
    deliver_mail("ann@example.com", "Invitation to Tea\r\nBcc: eve@example.com", "the link")
    mail = message_from_string(sink.mails()[0]["data"], policy=policy.default)
    assert (mail["subject"], mail["bcc"]) == ("Invitation to Tea Bcc: eve@example.com", None)


def test_a_mail_server_that_does_not_answer_is_asked_again_by_the_job(
    bare: Flask, sink: Running
) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], smtp_url=f"smtp://127.0.0.1:{sink.port}")
    sink.rules({"at": "rcpt", "do": 451})
    with pytest.raises(OSError, match="did not take"):
        deliver_mail("root@example.com", "New password", "the link")


def test_an_address_that_the_mail_server_refuses_is_in_the_log(
    bare: Flask, sink: Running, caplog: pytest.LogCaptureFixture
) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], smtp_url=f"smtp://127.0.0.1:{sink.port}")
    sink.rules({"at": "rcpt", "do": 550})
    with caplog.at_level(logging.INFO):
        deliver_mail("gone@example.com", "New password", "the link")
    assert "gone@example.com" in caplog.text
    assert "the link" not in caplog.text


@pytest.mark.parametrize(("production", "logged"), [(False, True), (True, False)])
def test_without_a_mail_server_the_link_is_in_the_log_unless_in_production(
    bare: Flask, caplog: pytest.LogCaptureFixture, *, production: bool, logged: bool
) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], production=production)
    with caplog.at_level(logging.WARNING):
        deliver_mail("root@example.com", "New password", "the link")
    assert "root@example.com" in caplog.text
    assert ("the link" in caplog.text) is logged
