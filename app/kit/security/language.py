"""In which language an answer is: the person's own, or what the caller asks for.

Pages keep the choice in their cookie. A program has none: a person's token speaks the person's
language, a company's key and whoever is not signed in the one of `Accept-Language`.
"""

from __future__ import annotations

from flask import current_app, g, has_request_context, request, session

from app.kit.access import reader_or_none
from app.kit.security.csrf import carries_token


def choose_language() -> None:
    """Settle the language of this request, once it is known who is there."""
    known = current_app.config["LANGUAGES"]
    if carries_token() or (_is_api() and "locale" not in session):
        g.language = _of_program()
        return
    asked = request.args.get("lang", "").replace("-", "_")
    if asked in known and not _is_api():
        session["locale"] = asked
    elif "locale" not in session:
        session["locale"] = _wanted("en")


def spoken() -> str:
    """Return the language in force, for Babel."""
    default: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not has_request_context():
        return default
    found: str = g.get("language") or session.get("locale") or default
    return found


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _of_program() -> str:
    who = reader_or_none()
    if who is None:
        return _wanted("en")
    return who.locale if who.api_key_id is None else _wanted(who.locale)


def _wanted(default: str) -> str:
    """Return the best of the languages that the caller says it reads."""
    known = [code.replace("_", "-") for code in current_app.config["LANGUAGES"]]
    best = request.accept_languages.best_match(known)
    return best.replace("-", "_") if best else default
