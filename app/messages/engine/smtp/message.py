"""One mail on its way: checked once, then only bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

# Visible ASCII without angle brackets: enough for every path that we send to, and no way to end the
# command line early.
_ASCII_PATH = re.compile(rb"[!-;=?-~]{1,254}")
_UTF8_PATH = re.compile(rb"[!-;=?-~\x80-\xff]{1,254}")
_BARE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class UnsafeAddress(ValueError):
    """The address holds what could end the SMTP command or is none at all."""


class Outgoing(NamedTuple):
    """`key` is the caller's own; `content` ends with a line break and has its dots doubled."""

    key: int
    sender: bytes
    recipient: bytes
    content: bytes
    utf8: bool = False
    batch: int = 0


def outgoing(
    key: int, sender: str, recipient: str, content: bytes, *, batch: int = 0, fit: bool = False
) -> Outgoing:
    """Check the addresses and make the content fit for the wire. Raises UnsafeAddress.

    `fit` says that it is already: a MailSkeleton gives base64 and checked headers with CRLF.
    """
    sender_path, sender_utf8 = _path(sender)
    path, utf8 = _path(recipient)
    return Outgoing(
        key, sender_path, path, content if fit else wire(content), utf8 or sender_utf8, batch
    )


def _path(address: str) -> tuple[bytes, bool]:
    raw = address.encode("utf-8", "surrogatepass")
    if _ASCII_PATH.fullmatch(raw):
        return raw, False
    if _UTF8_PATH.fullmatch(raw) and address.isprintable() and address.rpartition("@")[0]:
        return raw, True
    raise UnsafeAddress(f"not an address: {address[:80]!r}")


def wire(content: bytes) -> bytes:
    """CRLF line ends, a dot before each leading dot, a line break at the end (RFC 5321 4.5.2)."""
    # A lone CR or LF next to a dot is how one mail is smuggled inside another.
    if content.count(b"\n") != content.count(b"\r\n") or content.count(b"\r") != content.count(
        b"\r\n"
    ):
        content = _BARE_BREAK.sub(b"\r\n", content)
    if content.startswith(b"."):
        content = b"." + content
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n..")
    return content if content.endswith(b"\r\n") else content + b"\r\n"
