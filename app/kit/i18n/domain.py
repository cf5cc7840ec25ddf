"""Looking a text up: Flask-Babel's way, asked for the catalogue once a request, not once a text.

A page has some three hundred texts, and Flask-Babel finds language and catalogue anew for each.
"""

from typing import Any

from flask import g
from flask_babel import Domain, get_babel


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


def quicken() -> None:
    """Let the current application look its texts up this way; Babel must be set up already."""
    babel = get_babel().instance
    babel.domain_instance = QuickDomain(domain=babel.domain)
