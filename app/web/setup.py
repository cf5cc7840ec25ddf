"""Wiring of the look into the Flask application."""

import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_babel import get_locale
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from app.kit.screens.pages import Shell
from app.web import assets, fields, formats, helpers, rows, texts

HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

ShellSource = Callable[[], Shell | None]


def init_app(app: Flask, shell: ShellSource | None = None) -> None:
    """Installs templates, filters, static files and headers.

    To be called before AppBuilder is made.
    """
    ours = FileSystemLoader(HERE / "templates")
    app.jinja_loader = ChoiceLoader([ours, app.jinja_loader] if app.jinja_loader else [ours])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update({**formats.FILTERS, **helpers.FILTERS, **rows.FILTERS})
    app.jinja_env.globals.update(
        csp_nonce=csp_nonce,
        icon=icon,
        shell=current_shell,
        look=look,
        control=fields.control,
        control_kind=fields.kind_of,
        is_optional=fields.is_optional,
        js_texts=texts.js_texts,
        languages_of_ours=texts.LANGUAGES,
        **helpers.GLOBALS,
    )
    app.extensions["web_shell"] = shell
    assets.init_app(app)
    app.after_request(_finish)


def csp_nonce() -> str:
    """Return the nonce of this answer.

    The only inline scripts are data, but Flask-AppBuilder's pages ask for it too.
    """
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def current_shell() -> Shell | None:
    """Return the shell of this request, made once."""
    if "web_shell" not in g:
        source: ShellSource | None = current_app.extensions.get("web_shell")
        g.web_shell = source() if source else None
    found: Shell | None = g.web_shell
    return found


def look() -> dict[str, str]:
    """Return language, direction, theme and density: known on the server, so nothing flashes."""
    where = get_locale()
    cookies = request.cookies if has_request_context() else {}
    return {
        "lang": str(where).replace("_", "-") if where else "en",
        "dir": (where.text_direction if where else "ltr") or "ltr",
        "theme": cookies.get("theme", "") if cookies.get("theme") in ("light", "dark") else "",
        "density": "compact" if cookies.get("density") == "compact" else "",
    }


def icon(name: str) -> Markup:
    """Return an icon of the sprite; always decorative, the words carry the meaning."""
    return _drawn_icon(_sprite_url(), name)


@lru_cache(maxsize=1024)
def _drawn_icon(sprite: str, name: str) -> Markup:
    return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        sprite, name
    )


def _sprite_url() -> str:
    if "sprite_url" not in g:
        g.sprite_url = current_app.url_for("static", filename="icons.svg")
    return str(g.sprite_url)


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={assets.YEAR}")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    else:
        response.headers.setdefault(
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"
        )
    if request.endpoint == "static":
        assets.finish(response)
    elif response.mimetype == "text/html" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
