"""Addresses: where to go next (our own only), and how mails name this installation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request


def safe_next(wanted: str | None, default: str = "/") -> str:
    r"""Return `wanted` as a path when it leads into this application, else `default`.

    Browsers read `//evil.example`, `/\\evil.example` and a tab after the slash as another host.
    """
    if (
        not wanted
        or wanted.startswith("//")
        or any(ord(letter) < 33 or letter == "\\" for letter in wanted)
    ):
        return default
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return default
    if parts.scheme not in ("", "http", "https") or parts.netloc not in ("", request.host):
        return default
    if parts.scheme and not parts.netloc:
        return default
    path = parts.path
    if not path.startswith("/") or path.startswith("//"):  # http://localhost//evil.example
        return default
    return path + (f"?{parts.query}" if parts.query else "")


def public_url(endpoint: str, **values: Any) -> str:
    """Return the full address as the installation names itself, not as the request does."""
    base: str = current_app.config["CRM"].public_url
    # Not url_for: jobs write mails too, and have no request.
    return base.rstrip("/") + current_app.url_map.bind("localhost").build(endpoint, values)
