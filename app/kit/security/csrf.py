"""Cross-site request forgery: whoever comes with a cookie carries a token, programs do not."""

from __future__ import annotations

from flask import g, request
from flask_wtf.csrf import CSRFError, CSRFProtect

from app.kit.access import NobodyReads, reader_or_none

# Where a program asks for its first token: it has no cookie that anybody could abuse.
TOKENS = ("/api/v1/security/login", "/api/v1/security/refresh")


def carries_token() -> bool:
    """Whether the request identifies itself by header. Its cookie then counts for nothing."""
    return request.headers.get("Authorization", "")[:7].lower() == "bearer "


class Csrf(CSRFProtect):  # type: ignore[misc]  # Flask-WTF is untyped
    """Asks for the token unless a header, which no other site can set, says who it is."""

    def protect(self, apply_exemptions: bool = False) -> None:  # noqa: FBT001, FBT002 -- Flask-WTF's
        """Refuse a request with a cookie and without the token."""
        if carries_token() or request.path in TOKENS:
            return
        try:
            super().protect(apply_exemptions=apply_exemptions)
        except CSRFError as refused:
            if not request.path.startswith("/api/"):
                raise
            # Without a sign-in there is nothing to forge: `settle` answers when it is known.
            g.csrf_refused = refused


def settle() -> None:
    """Refuse what lacked the token, once it is known who is there.

    Raises NobodyReads for nobody, else CSRFError.
    """
    refused = g.pop("csrf_refused", None)
    if refused is not None:
        raise NobodyReads if reader_or_none() is None else refused
