"""Mails of the house: what opens a door goes to its reader, and lies where nobody else can read it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string, policy

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

import config as settings
from app.kit import wiring
from app.kit.database.stamp import Role, Stamp
from app.messages.choices import MessageChannel, MessagePurpose
from app.messages.models import MessageTemplate, MessageTemplateVersion, OutboxMessage
from app.messages.operations.mailing import NAME, deliver_mail, send_mail
from app.messages.operations.sending import send_one
from app.messages.operations.templates import make_template, save_wording
from app.messages.screens import OutboxScreen
from tests.stand_ins.running import Running


@pytest.fixture
def bare(tmp_path) -> Iterator[Flask]:
    """An application context with a configuration and nothing else."""
    app = Flask("mailing")
    app.config["CRM"] = replace(settings.load(), instance=tmp_path, smtp_url=None)
    wiring.wire(app.config["CRM"])
    with app.app_context():
        yield app


def stored(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(text("select address, values ->> 'text' from dispatch_recipient"))
    return [(address, words) for address, words in rows]


@pytest.mark.usefixtures("bare")
def test_an_invitation_is_stored_as_a_message_of_the_company(session: Session) -> None:
    del session.info["stamp"]  # as the session of a request, whose stamp is the context's
    assert send_mail(session, "ann@example.com", "Come in", "Follow https://example.com/i/1")
    assert send_mail(session, "ben@example.com", "Come in", "Follow https://example.com/i/2")
    assert sorted(stored(session)) == [
        ("ann@example.com", "Follow https://example.com/i/1"),
        ("ben@example.com", "Follow https://example.com/i/2"),
    ]


@pytest.mark.usefixtures("bare")
def test_without_a_mail_server_a_private_mail_is_kept_nowhere(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sent = send_mail(session, "ann@example.com", "Come in", "the link", private=True)
    assert (sent, stored(session), "the link" in caplog.text) == (False, [], False)


@pytest.mark.usefixtures("bare")
def test_with_a_mail_server_a_private_mail_is_sent(session: Session, bare: Flask) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], smtp_url="smtp://127.0.0.1:2525")
    assert send_mail(session, "ann@example.com", "Come in", "the link", private=True)
    assert stored(session) == [("ann@example.com", "the link")]


@pytest.mark.usefixtures("bare")
def test_a_wording_that_staff_add_is_not_that_of_the_mails_of_the_house(session: Session) -> None:
    send_mail(session, "ann@example.com", "Come in", "link 1")
    template = session.query(MessageTemplate).filter_by(name=NAME).one()
    evil = "<p>Sign in at https://evil.example</p>"
    save_wording(session, template, subject="Come in", body="https://evil.example", html=evil)
    send_mail(session, "ben@example.com", "Come in", "link 2")
    used = session.execute(
        text(
            "select v.html from dispatch_recipient r join dispatch d on d.id = r.dispatch_id"
            " join message_template_version v on v.id = d.message_template_version_id"
        )
    )
    assert [row.html for row in used if "evil" in row.html] == []


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
    """It could lie there: the mail server was taken away before the mail left."""
    template = make_template(session, "News", MessageChannel.EMAIL, MessagePurpose.TRANSACTIONAL)
    outbox_message(
        session, save_wording(session, template, subject="x", body="x", html="x"), "news"
    )
    send_mail(session, "ann@example.com", "Come in", "the link")
    house = session.query(MessageTemplateVersion).filter_by(body="{{ text }}").one()
    outbox_message(session, house, "the link")
    condition = OutboxScreen.where
    assert condition is not None
    shown = session.query(OutboxMessage.body).filter(condition())
    assert [row.body for row in shown] == ["news"]


@pytest.mark.usefixtures("bare")
def test_only_a_companys_mails_are_stored(session: Session) -> None:
    session.info["stamp"] = Stamp(Role.AUTH)
    with pytest.raises(LookupError):
        send_mail(session, "root@example.com", "New password", "the link")
    session.info["stamp"] = None
    assert stored(session) == []


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
