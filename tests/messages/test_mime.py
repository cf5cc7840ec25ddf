"""Mails built from a compiled frame, read back by Python's own parser."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messages.engine.mime import (
    BulkHeaders,
    FromAddress,
    MailSkeleton,
    UnsafeHeader,
    header_text,
    mailbox,
)

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
_LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))


def build(sender: FromAddress | None = None, **changes: Any) -> bytes:
    frame = MailSkeleton(
        sender or FromAddress("news@shop.example", "Größe & Söhne", "help@shop.example"),
        domain="shop.example",
        bulk=BulkHeaders("c7.shop.example", "7:1:campaign:shop"),
    )
    values = {
        "to": "ann@example.com", "to_name": "Ann", "subject": "Hello", "text": "Hi", "html": "<p>Hi</p>",
        "message_id": "7.1", "unsubscribe_url": "https://shop.example/u/abc", "at": AT,
    }  # fmt: skip
    return frame.build(**(values | changes))


def parse(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.defects == []
    return cast(EmailMessage, message)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_has_every_header_that_large_providers_ask_for() -> None:
    message = parse(build())
    assert {name: str(value) for name, value in message.items() if name != "Content-Type"} == {
        "From": "Größe & Söhne <news@shop.example>",
        "Reply-To": "help@shop.example",
        "List-Id": "<c7.shop.example>",
        "Feedback-ID": "7:1:campaign:shop",
        "Precedence": "bulk",
        "To": "Ann <ann@example.com>",
        "Subject": "Hello",
        "Message-ID": "<7.1@shop.example>",
        "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
        "List-Unsubscribe": "<https://shop.example/u/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
    }
    assert message.get_content_type() == "multipart/alternative"


def test_a_transactional_mail_has_no_list_headers() -> None:
    frame = MailSkeleton(FromAddress("a@b.example"), domain="b.example")
    message = parse(
        frame.build(to="c@d.example", subject="Paid", text="x", html="<p>x</p>", message_id="1")
    )
    assert set(message.keys()) == {
        "From", "To", "Subject", "Message-ID", "Date", "MIME-Version", "Content-Type",
    }  # fmt: skip


@given(subject=st.text(_LETTERS, max_size=300), name=st.text(_LETTERS, max_size=120))
def test_any_subject_and_name_survive(subject: str, name: str) -> None:
    raw = build(subject=subject, to_name=name)
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    message = parse(raw)
    assert str(message["Subject"]) == subject.strip()
    # email.policy.default puts a space between two encoded words of a name (RFC 2047 6.2 says: none).
    to = str(make_header(decode_header(email.message_from_bytes(raw)["To"])))
    shown, address = (
        parseaddr(to) if name.isascii() else (to.rpartition(" <")[0], to.rpartition("<")[2])
    )
    assert address.rstrip(">") == "ann@example.com"
    assert " ".join(shown.split()) == " ".join(name.split())


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=2000))
def test_any_text_survives(text: str) -> None:
    message = parse(build(text=text, html=text))
    for kind in ("plain", "html"):
        found = message.get_body((kind,))
        assert found is not None
        payload = found.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert payload.decode() == text


@given(text=st.text(max_size=3000).filter(lambda text: text.isprintable()))
def test_no_line_is_longer_than_mail_allows(text: str) -> None:
    raw = build(html=text, text=text)
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 98


def test_words_are_encoded_without_cutting_a_character() -> None:
    coded = header_text("Ї" * 100, "Subject")
    assert all(len(word.strip()) <= 75 for word in coded.split("\r\n"))
    assert "=?utf-8?b?" in header_text("=?utf-8?q?fake?=", "Subject")


@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: x@y.example", "a\nb", "a\0b", "a\rb", "a\u2028b", "a\x85b"]
)
@pytest.mark.parametrize(
    "where", ["subject", "to_name", "to", "message_id", "unsubscribe_url", "sender name", "sender"]
)
def test_nothing_can_add_a_header(bad: str, where: str) -> None:
    senders = {"sender name": FromAddress("a@b.example", bad), "sender": FromAddress(bad)}
    changes = {} if where in senders else {where: bad}
    with pytest.raises(UnsafeHeader):
        build(senders.get(where), **changes)


def test_a_name_with_quotes_and_commas_is_one_name() -> None:
    assert mailbox('Ann, "the" \\ Man', "a@b.example") == '"Ann, \\"the\\" \\\\ Man" <a@b.example>'
    assert mailbox("", "a@b.example") == "a@b.example"
