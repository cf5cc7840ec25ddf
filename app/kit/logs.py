"""The log of a process that answers requests: every line names its request.

What a caller quotes from `X-Request-Id` is found here: each call of the API is one line, and
whatever went wrong meanwhile bears the same name.
"""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from app.kit.access import reader_or_none
from app.kit.request_id import request_id

log = logging.getLogger(__name__)
FORMAT = "%(asctime)s %(levelname)s %(name)s%(named)s: %(message)s"


def init_app(app: Flask) -> None:
    """Note the calls of the API. Before everything that may replace an answer."""
    app.before_request(_begin)
    app.after_request(_note)


def speak(level: str) -> None:
    """Let this process write its log to standard error, unless somebody has set logging up."""
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(_named)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("app").setLevel(level)


def _named(record: logging.LogRecord) -> bool:
    name = request_id()
    record.named = f" [{name}]" if name else ""
    return True


def _begin() -> None:
    g.began = time.perf_counter()


def _note(response: Response) -> Response:
    if request.path.startswith("/api/") and log.isEnabledFor(logging.INFO):
        took = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
        log.info(
            "%s %s %d %.0f ms %s",
            request.method,
            request.path.encode("unicode_escape").decode()[:200],
            response.status_code,
            took,
            _caller(),
        )
    return response


def _caller() -> str:
    who = reader_or_none()
    if who is None:
        return "nobody"
    return f"key {who.api_key_id}" if who.api_key_id else f"user {who.user_id}"
