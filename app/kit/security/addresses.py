"""Where to go next: addresses of our own only."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request


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
