"""A mail as bytes: the fixed parts once per template version, per message what differs (25 µs)."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
_TOKEN = re.compile(r"[!-;=?-~]+")
_WORD_BYTES = 45  # 60 characters of base64; with the frame an encoded word stays below its 75
_LINE = 76


class UnsafeHeader(ValueError):
    """A header value with a line break or another control character: refused, never cleaned."""


@dataclass(frozen=True)
class FromAddress:
    """Who writes. `name` may hold any letters, `address` is the mailbox shown to the reader."""

    address: str
    name: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class BulkHeaders:
    """What large mailbox providers ask of mail to many: RFC 2919, Feedback-ID, Precedence."""

    list_id: str
    feedback_id: str


class MailSkeleton:
    """The compiled frame of all mails of one template version."""

    def __init__(
        self, sender: FromAddress, *, domain: str, bulk: BulkHeaders | None = None
    ) -> None:
        # No base64 line can hold "=_", so no body can contain the boundary.
        self._boundary = f"=_{secrets.token_hex(12)}"
        self._domain = _checked_token(domain)
        static = [f"From: {mailbox(sender.name, sender.address)}"]
        if sender.reply_to:
            static.append(f"Reply-To: {mailbox('', sender.reply_to)}")
        if bulk is not None:
            static.append(f"List-Id: <{_checked_token(bulk.list_id)}>")
            static.append(f"Feedback-ID: {_checked_token(bulk.feedback_id)}")
            static.append("Precedence: bulk")
        self._format = _frame(static, self._boundary)
        self._date_second, self._date = -1, b""
        self._last_text, self._last_html = ("", b""), ("", b"")

    def build(
        self,
        *,
        to: str,
        to_name: str = "",
        subject: str,
        text: str,
        html: str,
        message_id: str,
        unsubscribe_url: str = "",
        at: datetime | None = None,
    ) -> bytes:
        """One whole mail with CRLF line ends. Raises UnsafeHeader."""
        listed = b""
        if unsubscribe_url:
            url = _checked_token(unsubscribe_url).encode()
            listed = (
                b"List-Unsubscribe: <%b>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                % url
            )
        return self._format % (
            mailbox(to_name, to).encode(),
            header_text(subject, "Subject").encode(),
            f"{_checked_token(message_id)}@{self._domain}".encode(),
            self._date_of(at),
            listed,
            *self._bodies(text, html),
        )

    def _bodies(self, text: str, html: str) -> tuple[bytes, bytes]:
        # A text without variables is the very same object for every reader.
        if self._last_text[0] is not text:
            self._last_text = text, _base64_lines(text)
        if self._last_html[0] is not html:
            self._last_html = html, _base64_lines(html)
        return self._last_text[1], self._last_html[1]

    def _date_of(self, at: datetime | None) -> bytes:
        if at is not None:
            return format_datetime(at).encode()
        second = int(time.time())
        if second != self._date_second:
            self._date_second = second
            self._date = format_datetime(datetime.fromtimestamp(second, UTC)).encode()
        return self._date


def _frame(static: list[str], boundary: str) -> bytes:
    head = "\r\n".join(static).replace("%", "%%")
    parts = "".join(
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n%b\r\n"
        for kind in ("plain", "html")
    )
    return (
        f"{head}\r\nTo: %b\r\nSubject: %b\r\nMessage-ID: <%b>\r\nDate: %b\r\n%b"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
        f"{parts}--{boundary}--\r\n"
    ).encode()


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, the name quoted or encoded as needed. Raises UnsafeHeader."""
    if not _TOKEN.fullmatch(address) and (_UNSAFE.search(address) or set(address) & set("<> ")):
        raise UnsafeHeader("the address holds characters that a header must not")
    if not name:
        return f"<{address}>" if name else address
    _refuse_controls(name)
    if _ATOMS.fullmatch(name) and "=?" not in name and len(name) <= 60:
        return f"{name} <{address}>"
    if _PLAIN.fullmatch(name) and "=?" not in name and len(name) <= 60:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{encoded_words(name)}\r\n <{address}>"


def header_text(text: str, header: str = "") -> str:
    """Return a header's free text: as it is when short and plain, else in RFC 2047 words."""
    _refuse_controls(text)
    if _PLAIN.fullmatch(text) and "=?" not in text and len(text) + len(header) <= _LINE:
        return text.strip()
    return encoded_words(text.strip())


def encoded_words(text: str) -> str:
    """UTF-8 in base64 words of at most 75 characters, never cutting a character in two."""
    words: list[str] = []
    current: list[str] = []
    size = 0
    for char in text:
        width = len(char.encode())
        if size + width > _WORD_BYTES:
            words.append("".join(current))
            current, size = [], 0
        current.append(char)
        size += width
    words.append("".join(current))
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word.encode()).decode()}?=" for word in words)


def _refuse_controls(text: str) -> None:
    if _UNSAFE.search(text):
        raise UnsafeHeader("a header must not hold line breaks or control characters")


def _checked_token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise UnsafeHeader("a header value holds spaces, brackets or letters outside ASCII")
    return text


def _base64_lines(text: str) -> bytes:
    # One call and slices: base64.encodebytes goes line by line and costs four times as much.
    raw = binascii.b2a_base64(text.encode(), newline=False)
    if len(raw) <= _LINE:
        return raw
    return b"\r\n".join([raw[start : start + _LINE] for start in range(0, len(raw), _LINE)])
