"""The headers of answers, as the description tells them."""

from collections.abc import Mapping
from typing import Any

HEADERS: Mapping[str, Mapping[str, Any]] = {
    "X-Request-Id": {
        "description": "What this call is called in the log and in the history; one's own, if sent",
        "required": True,
        "schema": {"type": "string", "maxLength": 64},
    },
    "RateLimit": {
        "description": "r: the calls that are left, t: the seconds until there are all again",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "q: the calls in a window, w: its seconds",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "The seconds to wait",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
    "Allow": {
        "description": "What is possible here",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The record's version, to be sent back as If-Match",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where it is read",
        "required": True,
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "The answer is the one kept under the Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_ALWAYS = ("X-Request-Id", "RateLimit", "RateLimit-Policy")
_OF_STATUS: Mapping[str, tuple[str, ...]] = {
    "201": ("Location",),
    "202": ("Location",),
    "401": ("WWW-Authenticate",),
    "405": ("Allow",),
    "429": ("Retry-After",),
}
_KEPT = frozenset({"200", "201", "202", "400", "404", "409", "422"})


def headers_of(status: str, *, keyed: bool = False, tagged: bool = False) -> dict[str, Any]:
    """Return the headers of an answer by references.

    `keyed`: to a call that may bear a key; `tagged`: it is a record with a version.
    """
    names = [*_ALWAYS, *_OF_STATUS.get(status, ())]
    names += ["Idempotency-Replayed"] if keyed and status in _KEPT else []
    names += ["ETag"] if tagged and status in ("200", "201") else []
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
