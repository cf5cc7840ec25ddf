"""Refusals as programs read them: RFC 9457, `application/problem+json`, one shape for all.

    {"type": "urn:tresen:problem:invalid", "title": "Something is not valid", "status": 422,
     "detail": "Some fields are not valid.", "instance": "<X-Request-Id>",
     "errors": {"lines.0.quantity": ["This is needed."]}}

`type` is for programs and never translated, `title` and `detail` are for people and in the caller's
language. `errors` is there always; its keys are the fields as they were sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from flask import Response
from flask_babel import gettext as _

from app.kit.request_id import request_id

MIMETYPE = "application/problem+json"
URN = "urn:tresen:problem:"
KINDS = {
    400: "unreadable",
    401: "not-signed-in",
    403: "missing-right",
    404: "not-found",
    405: "method",
    409: "conflict",
    410: "begin-anew",
    413: "too-large",
    415: "media-type",
    422: "invalid",
    429: "too-many",
    500: "fault",
}

MOST_TOLD = 50
"""So many fields one refusal names at most: it is kept, and sent again."""
Errors = Mapping[str, Sequence[str]]


def title(status: int) -> str:
    """Return what a status means, as the heading of a page or a problem."""
    return {
        400: _("This could not be read"),
        401: _("You are not signed in"),
        403: _("You may not do this"),
        404: _("This was not found"),
        405: _("This is not possible here"),
        409: _("This is not possible now"),
        410: _("This has to begin anew"),
        413: _("This is too large"),
        415: _("This is not JSON"),
        422: _("Something is not valid"),
        429: _("Too many tries"),
        500: _("Something went wrong"),
    }.get(status) or _("This did not work")


def problem(
    status: int, detail: object, errors: Errors | None = None, kind: str = "", **more: Any
) -> Response:
    """Return a refusal. `kind` is the last word of its type, where the status says too little."""
    words = str(detail) or title(status)
    told = islice((errors or {}).items(), MOST_TOLD)
    body = {
        "type": URN + (kind or KINDS.get(status, "refused")),
        "title": title(status),
        "status": status,
        "detail": words,
        "instance": request_id(),
        "errors": {name[:200]: [str(one) for one in texts[:MOST_TOLD]] for name, texts in told},
        **more,
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str)
    answer = Response(text, status, content_type=MIMETYPE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def as_problem(response: Response) -> Response:
    """Return a refusal that somebody else made, such as Flask-AppBuilder, in our shape."""
    if response.status_code < 400 or response.mimetype == MIMETYPE:
        return response
    given = response.get_json(silent=True) if response.is_json else None
    said = given.get("message") if isinstance(given, dict) else None
    made = problem(response.status_code, said if isinstance(said, str) else "")
    for name, value in response.headers:
        if name.lower() not in ("content-type", "content-length"):
            made.headers.add(name, value)
    return made
