"""The texts of the script, translated on the server, and the names of our languages."""

from functools import lru_cache

from flask_babel import gettext as _

from app.kit.plurals import counted as _ln
from app.web.formats import COUNT_CAP, capped, locale

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "pt_BR": "Português",
    "uk": "Українська",
    "ru": "Русский",
}


_COUNTED = {
    "selected": _ln("{n} selected", "{n} selected"),
    "selectedAll": _ln("{n} that matches is selected", "All {n} that match are selected"),
    "unsavedCount": _ln("{n} unsaved change", "{n} unsaved changes"),
}


def js_texts() -> dict[str, str | dict[str, str]]:
    """Return what the script says. `{n}` and the like are filled in by the script.

    What counts something comes in all its plural forms; the script asks `Intl.PluralRules`.
    """
    return _texts(str(locale()))


# They are the same on every page, and their plural forms cost more than a record's facts.
@lru_cache(maxsize=64)
def _texts(where: str) -> dict[str, str | dict[str, str]]:
    return {
        "locale": where.replace("_", "-"),
        **{name: sentence.forms() for name, sentence in _COUNTED.items()},
        "cap": str(COUNT_CAP),
        "moreThanCap": capped(None),
        "selectedAllMany": _("All that match are selected"),
        "selectAll": _("Select all that match"),
        "selectPage": _("Only this page"),
        "remove": _("Remove"),
        "nothingFound": _("Nothing found"),
        "typeMore": _("Type to search"),
        "loading": _("Loading …"),
        "failed": _("This could not be loaded."),
        "again": _("Try again"),
        "saving": _("Saving …"),
        "unsaved": _("There are unsaved changes. Leave the page without them?"),
        "leave": _("Leave without saving"),
        "stay": _("Stay here"),
        "show": _("Show the password"),
        "hide": _("Hide the password"),
        "and": _("and"),
        "value": _("Value"),
        "from": _("from"),
        "to": _("to"),
        "yes": _("yes"),
        "no": _("no"),
        "needValue": _("Say which value."),
        "rowRemoved": _("Row removed"),
        "chartOf": _("Chart drawn from the table"),
        "sent": _("Done"),
        "otherSession": _("You were signed out. Sign in again in another tab, then repeat this."),
    }
