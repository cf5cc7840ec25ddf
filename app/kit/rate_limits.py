"""How many calls of the API a key or a person has in a minute; the answers say what is left.

Counted in Valkey, in windows that begin with the first call. Where Valkey is gone nobody is
counted, and the product works on. Signed-out callers are counted by their address.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from flask_babel import lazy_gettext as _l
from redis.exceptions import RedisError

from app.kit.access import reader_or_none
from app.kit.errors import CrmError
from app.kit.jobs import queues
from app.kit.problems import problem
from app.kit.security.csrf import carries_token

log = logging.getLogger(__name__)

WINDOW = 60
POLICY = "calls"
# A Valkey that did not answer is left alone for so long: each call would wait for it.
_PAUSE = 2.0
_COUNT = """
local used = redis.call('incr', KEYS[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  redis.call('pexpire', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {used, left}
"""


class TooMany(CrmError):
    """The caller has used up its calls."""

    status = 429
    default_message = _l("Too many requests at once. Try again a little later.")


def init_app(app: Flask) -> None:
    """Count the calls of the API, once it is known who calls."""
    database = str(app.config["SQLALCHEMY_DATABASE_URI"])
    app.extensions["rate_prefix"] = hashlib.sha256(database.encode()).hexdigest()[:12]
    app.extensions["rate_quiet_until"] = 0.0
    app.before_request(_count)
    app.after_request(_tell)


def _count() -> None:
    """Count this call: of the API, or of a page or file by a program. Raises TooMany."""
    g.rated = True
    most = int(current_app.config["API_RATE_LIMIT"])
    if not most or not (request.path.startswith("/api/") or carries_token()):
        return
    found = _used(f"rate:{current_app.extensions['rate_prefix']}:{_caller()}")
    if found is None:
        return
    used, left = found
    g.rate = (most, max(most - used, 0), max(1, math.ceil(left / 1000)))
    if used > most:
        raise TooMany


def _used(key: str) -> tuple[int, int] | None:
    """Return the calls in this window, and for how many milliseconds it lasts; None: unknown."""
    kept, client = current_app.extensions, queues.client()
    if client is None or time.monotonic() < kept["rate_quiet_until"]:
        return None
    try:
        used, left = cast("list[Any]", client.eval(_COUNT, 1, key, str(WINDOW * 1000)))
    except RedisError:
        kept["rate_quiet_until"] = time.monotonic() + _PAUSE
        log.warning("Valkey does not answer: calls of the API are not counted.")
        return None
    return int(used), int(left)


def _caller() -> str:
    who = reader_or_none()
    if who is None:
        return f"address:{request.remote_addr}"
    return f"key:{who.api_key_id}" if who.api_key_id else f"user:{who.user_id}"


def _tell(response: Response) -> Response:
    """Say the rule and what is left of it (draft-ietf-httpapi-ratelimit-headers)."""
    if not g.get("rated") and response.status_code == 401:
        # A token that is none was refused before anybody was counted: it counts by its address.
        try:
            _count()
        except TooMany as refused:
            response = problem(refused.status, refused.message)
    rate: tuple[int, int, int] | None = g.get("rate")
    if rate is None:
        return response
    most, rest, seconds = rate
    response.headers["RateLimit-Policy"] = f'"{POLICY}";q={most};w={WINDOW}'
    response.headers["RateLimit"] = f'"{POLICY}";r={rest};t={seconds}'
    if response.status_code == 429:
        response.headers["Retry-After"] = str(seconds)
    return response
