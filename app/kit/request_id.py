"""The name of one request: in its answer, in the log, in the audit trail, in the jobs it leaves.

A caller may bring its own in `X-Request-Id`, so that its log and ours name the same thing; what
could not stand in a header or a log as it is, is replaced by one of ours.
"""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def init_app(app: Flask) -> None:
    """Let every answer say its request's name. Before everything that may replace an answer."""
    app.after_request(_name)


def request_id() -> str:
    """Return the name of the present request, empty outside of one."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SANE.fullmatch(given) else secrets.token_hex(12)
    return str(g.request_id)


def _name(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    return response
