"""Devices from which an account was signed in before: guesses elsewhere never shut them out.

A signed cookie names the device to each account that has signed in there, and says nothing else: it
opens nothing, and whoever has it may try as often as anybody at a known device.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, current_app, has_request_context, request
from itsdangerous import BadSignature, URLSafeSerializer

COOKIE = "tresen_device"
# Of one browser: a till is used by a whole shift.
MOST = 20
KEPT_FOR = 365 * 24 * 3600


def known_device(login: str) -> str:
    """Return the name of the caller's device to this account, empty where there is none."""
    return _read().get(_account(login), "")


def remember(response: Response, login: str) -> Response:
    """Let the browser be a known device of the account; the oldest of too many is forgotten."""
    kept = _read()
    name = kept.pop(_account(login), None) or secrets.token_urlsafe(12)
    kept = {**dict(list(kept.items())[-(MOST - 1) :]), _account(login): name}
    response.set_cookie(
        COOKIE,
        _signer().dumps(kept),
        max_age=KEPT_FOR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _read() -> dict[str, str]:
    raw = request.cookies.get(COOKIE, "") if has_request_context() else ""
    try:
        found: dict[str, str] = _signer().loads(raw) if raw else {}
    except BadSignature:
        return {}
    return found


def _account(login: str) -> str:
    # The cookie must not tell the next one at this device who signs in here.
    return hashlib.sha256(
        f"{current_app.config['SECRET_KEY']}{login.lower()}".encode()
    ).hexdigest()[:16]


def _signer() -> URLSafeSerializer:
    config = current_app.config
    keys = [*reversed(config["SECRET_KEY_FALLBACKS"] or []), config["SECRET_KEY"]]
    return URLSafeSerializer(keys, salt="device")
