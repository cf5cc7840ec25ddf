"""Mails of the house: an invitation is a message, what opens an account is shown to nobody."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

import config as settings
from app.kit import wiring
from app.kit.database.stamp import Role, Stamp
from app.messages.operations.mailing import send_mail


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
    send_mail(session, "ann@example.com", "Come in", "Follow https://example.com/i/1")
    send_mail(session, "ben@example.com", "Come in", "Follow https://example.com/i/2")
    assert sorted(stored(session)) == [
        ("ann@example.com", "Follow https://example.com/i/1"),
        ("ben@example.com", "Follow https://example.com/i/2"),
    ]


@pytest.mark.usefixtures("bare")
def test_without_a_relay_a_new_password_is_nowhere_staff_could_read_it(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        send_mail(session, "ann@example.com", "New password", "the link", secret=True)
    assert stored(session) == []
    assert "the link" in caplog.text


def test_in_production_the_link_is_not_even_in_the_log(
    session: Session, bare: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], production=True)
    with caplog.at_level(logging.WARNING):
        send_mail(session, "ann@example.com", "New password", "the link", secret=True)
    assert stored(session) == []
    assert "the link" not in caplog.text


@pytest.mark.usefixtures("bare")
def test_with_a_relay_a_new_password_is_sent(session: Session, bare: Flask) -> None:
    bare.config["CRM"] = replace(bare.config["CRM"], smtp_url="smtp://127.0.0.1:2525")
    send_mail(session, "ann@example.com", "New password", "the link", secret=True)
    assert stored(session) == [("ann@example.com", "the link")]


@pytest.mark.usefixtures("bare")
def test_somebody_of_no_company_has_nothing_stored(session: Session) -> None:
    session.info["stamp"] = Stamp(Role.AUTH)
    send_mail(session, "root@example.com", "New password", "the link", secret=True)
    session.info["stamp"] = None
    assert stored(session) == []
