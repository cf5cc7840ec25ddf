"""Looking a text up: Flask-Babel's way, asked for the catalogue once a request, not once a text.

A page has some three hundred texts, and Flask-Babel finds language and catalogue anew for each.
"""

from typing import Any

from flask import Flask, g
from flask.json.provider import DefaultJSONProvider
from flask_babel import Domain, get_babel
from flask_babel.speaklater import LazyString


class QuickDomain(Domain):  # type: ignore[misc]  # Flask-Babel is untyped
    """Remembers the catalogue beside the language that is in force, which may change meanwhile."""

    def get_translations(self) -> Any:
        """Return the catalogue of the language in force; of none outside an application."""
        try:
            context = g._flask_babel  # noqa: SLF001 - where Flask-Babel keeps the language
        except (AttributeError, RuntimeError):
            return super().get_translations()
        language, found = getattr(context, "crm_catalogue", (None, None))
        if language is None or language is not getattr(context, "babel_locale", None):
            found = super().get_translations()
            context.crm_catalogue = (context.babel_locale, found)
        return found


class PlainJson(DefaultJSONProvider):
    """Writes lazy texts as what they say."""

    @staticmethod
    def default(value: Any) -> Any:
        """Return what JSON can hold. Raises TypeError."""
        return str(value) if isinstance(value, LazyString) else DefaultJSONProvider.default(value)


def plain_texts(app: Flask) -> None:
    """Let templates escape lazy texts like any other.

    Flask-Babel's say that they are HTML already. A name inside one of ours may hold any sign: in
    “%(name)s” is not for sale, the name of a product would become part of the page.
    """
    if "__html__" in vars(LazyString):
        del LazyString.__html__
    app.json = PlainJson(app)


def quicken() -> None:
    """Let the current application look its texts up this way; Babel must be set up already."""
    babel = get_babel().instance
    babel.domain_instance = QuickDomain(domain=babel.domain)
