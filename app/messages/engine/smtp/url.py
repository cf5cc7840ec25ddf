"""The relay as a URL: `smtp://user:pass@host:587?starttls=required`, `smtps://host`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

StartTls = Literal["auto", "required", "never"]
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SmtpUrlError(ValueError):
    """The URL of the relay cannot be used; the text says what is wrong, without the password."""


@dataclass(frozen=True)
class SmtpUrl:
    """A relay and how to talk to it."""

    host: str
    port: int
    implicit_tls: bool = False
    starttls: StartTls = "auto"
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    helo: str = "localhost"
    connections: int = 8
    per_connection: int = 500
    # Named by whoever runs the installation, not by a company: it may lie inside.
    trusted: bool = False

    @classmethod
    def parse(cls, text: str, *, trusted: bool = False) -> SmtpUrl:
        """Read a URL; raises SmtpUrlError for another scheme, no host or an unknown option."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise SmtpUrlError("The relay's URL names no host and port") from error
        if parts.scheme not in ("smtp", "smtps"):
            raise SmtpUrlError("The relay's URL must begin with smtp:// or smtps://")
        if not parts.hostname:
            raise SmtpUrlError("The relay's URL names no host")
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        tls = parts.scheme == "smtps"
        found = cls(
            host=parts.hostname,
            port=port or (465 if tls else 587),
            implicit_tls=tls,
            starttls=_starttls(options.pop("starttls", None), parts.username, parts.hostname),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            verify=_yes(options.pop("verify", "1")),
            helo=_helo(options.pop("helo", "localhost")),
            connections=_count(options.pop("connections", "8"), 1, 100),
            per_connection=_count(options.pop("per_connection", "500"), 1, 100_000),
            trusted=trusted,
        )
        if options:
            raise SmtpUrlError(f"Unknown option in the relay's URL: {', '.join(sorted(options))}")
        return found

    def tls_context(self) -> ssl.SSLContext:
        """Certificates are checked unless the URL says `verify=0`."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _starttls(given: str | None, user: str | None, host: str) -> StartTls:
    # A password must not cross a network in clear because somebody stripped STARTTLS from EHLO.
    if given is None:
        return "required" if user and host not in _LOOPBACK else "auto"
    if given in ("auto", "1"):
        return "auto"
    if given in ("required", "require"):
        return "required"
    if given in ("never", "0"):
        return "never"
    raise SmtpUrlError("starttls is one of auto, required, never")


def _yes(text: str) -> bool:
    if text not in ("0", "1"):
        raise SmtpUrlError("verify is 0 or 1")
    return text == "1"


def _helo(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise SmtpUrlError("helo must be a host name")
    return text


def _count(text: str, low: int, high: int) -> int:
    if not text.isdigit() or not low <= int(text) <= high:
        raise SmtpUrlError(f"A count in the relay's URL must lie between {low} and {high}")
    return int(text)
